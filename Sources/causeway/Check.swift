import ArgumentParser
import CausewayConfig

/// `causeway check`: reads the configuration as `run` would, and prints what would run.
struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Check a configuration and print what would run.",
        discussion: "Opens nothing. Ends with status 78, and every reason, where the configuration cannot be run."
    )

    @OptionGroup var file: ConfigurationFile

    func run() throws {
        let configuration = try self.file.load()
        print(configuration.summary)
    }
}
