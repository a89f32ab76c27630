import ArgumentParser
import CausewayAdmin
import CausewayBytes

/// `causeway upgrade`: puts a new process in the place of a running one.
struct UpgradeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "upgrade",
        abstract: "Make a running node hand over to a new process, such as that of a later version.",
        discussion: """
            The program is started as it is on the disk now, with the same arguments. It takes over the listening \
            sockets, the ledger and the memory of replays; no connection is refused. The old process ends when its \
            sessions have, or at the deadline. Where anything fails, the old process goes on, and the command says why. \
            SIGUSR2 does the same.
            """
    )

    @Option(help: "What old sessions have at most, such as \"2 h\"; else what the configuration says under handover.")
    var deadline: String?
    @OptionGroup var admin: AdminOptions

    func validate() throws {
        try DeadlineOption.validate(self.deadline)
    }

    func run() throws {
        let target = "/v1/upgrade" + DeadlineOption.query(self.deadline)
        try self.admin.ask { client in
            let report = try client.send("POST", target, Bool?.none, as: HandOverReport.self)
            if self.admin.json { return try JSONText.print(report) }
            let left = Interval.seconds(Int(report.secondsLeft.rounded(.up)))
            print(
                "handed over to process \(report.process); \(report.sessions) sessions stay with the old one, for \(left) at most"
            )
        }
    }
}
