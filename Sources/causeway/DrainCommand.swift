import ArgumentParser
import CausewayAdmin
import CausewayBytes

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
        if let deadline = self.deadline, Interval(deadline) == nil {
            throw ValidationError("--deadline is not a time such as \"30 s\" or \"5 min\".")
        }
    }

    func run() throws {
        let seconds = self.deadline.flatMap { Interval($0) }.map { interval in
            // Rounded up, and without a sum that the longest interval would overflow.
            interval.nanoseconds / 1_000_000_000 + (interval.nanoseconds % 1_000_000_000 > 0 ? 1 : 0)
        }
        let target = "/v1/drain" + (seconds.map { "?deadline=\($0)" } ?? "")
        try self.admin.ask { client in
            let report = try client.send("POST", target, Bool?.none, as: DrainReport.self)
            if self.admin.json { return try JSONText.print(report) }
            print(
                "draining: \(report.sessions) sessions, ends in \(Int(report.secondsLeft.rounded(.up))) s at the latest"
            )
        }
    }
}
