import ArgumentParser
import CausewayAdmin

/// `causeway reload`: makes a running node read its configuration again.
struct Reload: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make a running node read its configuration again, and show what is different.",
        discussion: """
            Sessions go on whose listener, user and exit are there still. With a fault in the configuration nothing is \
            different, and the status is 1.
            """
    )

    @Flag(help: "Only show what would be different.") var dryRun = false
    @OptionGroup var admin: AdminOptions

    func run() throws {
        let target = "/v1/reload" + (self.dryRun ? "?trial=true" : "")
        try self.admin.ask { client in
            let report = try client.send("POST", target, Bool?.none, as: ReloadReport.self)
            if self.admin.json { return try JSONText.print(report) }
            for line in Self.lines(report) { print(line) }
        }
    }

    static func lines(_ report: ReloadReport) -> [String] {
        let restart = report.atRestart.map { "after a restart: \($0)" }
        let lines = report.changes + restart + report.warnings
        return lines.isEmpty ? ["nothing is different"] : lines
    }
}
