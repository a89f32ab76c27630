import ArgumentParser
import CausewayAdmin

/// `causeway drain`: makes a running node end once its sessions have.
struct DrainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "drain",
        abstract: "Make a running node take no more connections, and end when its sessions have.",
        discussion: """
            The listeners close at once, so that entries find the node down and go to another. Sessions that are there \
            at the deadline end with it. SIGTERM does the same.
            """
    )

    @Option(help: "What sessions have at most, such as \"5 min\"; else what the configuration says under drain.")
    var deadline: String?
    @OptionGroup var admin: AdminOptions

    func validate() throws {
        try DeadlineOption.validate(self.deadline)
    }

    func run() throws {
        let target = "/v1/drain" + DeadlineOption.query(self.deadline)
        try self.admin.ask { client in
            let report = try client.send("POST", target, Bool?.none, as: DrainReport.self)
            if self.admin.json { return try JSONText.print(report) }
            print(
                "draining: \(report.sessions) sessions, ends in \(Int(report.secondsLeft.rounded(.up))) s at the latest"
            )
        }
    }
}
