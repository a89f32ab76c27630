import ArgumentParser
import CausewayAdmin
import CausewayBytes

/// `causeway sessions`: who is connected, and how much each connection has moved.
struct Sessions: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show the sessions of a running node, those first that have moved most.",
        discussion: "Where a session goes to is not shown."
    )

    @Option(help: "Only those of this user.") var user: String?
    @Option(help: "How many at most.") var limit = 100
    @OptionGroup var admin: AdminOptions

    func validate() throws {
        guard (0...100_000).contains(self.limit) else { throw ValidationError("--limit is not from 0 to 100000.") }
    }

    func run() throws {
        var target = "/v1/sessions?limit=\(self.limit)"
        if let user = self.user { target += "&user=\(PercentEncoding.encode(user))" }
        try self.admin.ask { client in
            if self.admin.json { return print(try client.text(of: target), terminator: "") }
            for line in Self.lines(try client.get(target, as: SessionsReport.self)) { print(line) }
        }
    }

    static func lines(_ report: SessionsReport) -> [String] {
        var table = Table([
            ("source", .left), ("user", .left), ("listener", .left), ("exit", .left), ("stage", .left),
            ("age", .right), ("idle", .right), ("up", .right), ("down", .right),
        ])
        for session in report.sessions {
            table.append([
                session.source, session.user ?? "-", session.listener, session.exit ?? "-", session.stage,
                Quantities.time(session.age), Quantities.time(session.idle), Quantities.bytes(session.bytesUp),
                Quantities.bytes(session.bytesDown),
            ])
        }
        let shown = report.sessions.count
        let rest = report.total > shown ? ["", "\(shown) of \(report.total) sessions"] : []
        return table.lines() + rest
    }
}
