import ArgumentParser
import CausewayAdmin
import CausewayConfig

/// `causeway check`: reads the configuration as `run` would, and prints what would run.
struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Check a configuration and print what would run.",
        discussion: "Opens nothing. Ends with status 78, and every reason, where the configuration cannot be run."
    )

    @OptionGroup var file: ConfigurationFile
    @Flag(help: "Print what a reload would change of the running node instead, which is asked over its admin socket.")
    var diff = false

    func run() throws {
        let configuration = try self.file.load()
        guard self.diff else { return print(configuration.summary) }
        guard let socket = configuration.admin.socket else {
            throw AdminOptions.noSocket(in: self.file.path)
        }
        try AdminOptions.ask(.socket(path: socket)) { client in
            let report = try client.send("POST", "/v1/reload?trial=true", Bool?.none, as: ReloadReport.self)
            for line in Reload.lines(report) { print(line) }
        }
    }
}
