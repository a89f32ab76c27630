import ArgumentParser
import CausewayConfig

/// The option that names the configuration, and what all commands do with it.
struct ConfigurationFile: ParsableArguments {
    @Option(name: [.customShort("c"), .customLong("config")], help: "The configuration.", completion: .file())
    var path: String

    /// The configuration. Findings go to standard error; with errors among them, ends with status 78.
    func load() throws -> Configuration { try Self.load(self.path) }

    /// The same for a file that another option names.
    static func load(_ path: String) throws -> Configuration {
        do throws(ConfigurationError) {
            let configuration = try Configuration.load(path: path)
            for warning in configuration.warnings { StandardError.write("\(warning)\n") }
            return configuration
        } catch {
            StandardError.write("\(error)\n")
            throw ExitStatus.configuration
        }
    }
}
