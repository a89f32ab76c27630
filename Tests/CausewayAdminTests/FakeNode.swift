import CausewayAdmin
import Synchronization

/// A node that says what the test wants to hear.
final class FakeNode: NodeControl {
    static let full = NodeStatus(
        version: "1.2.3",
        startedAt: 1_700_000_000,
        uptime: 90_061,
        loops: 2,
        aead: "OpenSSL 3.0.17",
        sessions: NodeStatus.Sessions(live: 3, limit: 1000),
        listeners: [
            ListenerStatus(
                name: "in",
                type: "relay",
                addresses: ["[::]:443"],
                exit: nil,
                sessions: 3,
                total: 12,
                refused: 1,
                bytesUp: 1536,
                bytesDown: 5_368_709_120,
                udp: DatagramStatus(
                    associations: 7,
                    total: 90,
                    up: 4000,
                    down: 5000,
                    refused: 3,
                    dropped: 2,
                    tooLarge: 1
                )
            )
        ],
        exits: [
            ExitStatus(
                name: "tokyo",
                type: "tunnel",
                server: "exit.example.net:8388",
                sessions: 3,
                total: 12,
                failures: 2,
                bytesUp: 1536,
                bytesDown: 5_368_709_120,
                warm: ExitStatus.Warm(ready: 3, target: 4, maximum: 16, taken: 9, missed: 3),
                udp: DatagramStatus(associations: 1, total: 1, up: 1, down: 0, refused: 0, dropped: 0, tooLarge: 0)
            )
        ],
        groups: [
            GroupStatus(
                name: "abroad",
                policy: "failover",
                members: [
                    GroupStatus.Member(
                        exit: "tokyo",
                        state: "up",
                        latencyMilliseconds: 153.25,
                        sessions: 3,
                        failures: 0,
                        secondsInState: 59,
                        reason: nil
                    )
                ]
            )
        ]
    )

    static let congestion = CongestionStatus(
        side: "exit",
        name: "tokyo",
        asked: "brutal",
        inForce: "bbr",
        reason: "the kernel has no brutal",
        share: "link",
        rate: 200_000_000,
        ratePerSocket: 66_666_666,
        isSharedByKernel: false,
        sockets: 3,
        retransmittedPerMille: 51.5,
        roundTripMilliseconds: 153.25,
        warnings: ["net.ipv4.tcp_rmem allows 6.0 MB"]
    )

    static let sessions = SessionsReport(
        total: 2,
        sessions: [
            SessionsReport.Session(
                listener: "in",
                exit: "tokyo",
                user: "alice b",
                source: "192.0.2.7:50000",
                stage: "relaying",
                age: 61,
                idle: 1,
                bytesUp: 10,
                bytesDown: 20
            )
        ]
    )

    let userControl: (any UserControl)?
    private let refusals = Mutex<[String]>([])

    init(users: (any UserControl)? = nil) {
        self.userControl = users
    }

    /// Why somebody was not let in, in order.
    var seenRefusals: [String] { self.refusals.withLock { $0 } }

    func status() -> NodeStatus {
        guard self.userControl != nil else { return Self.full }
        var status = Self.full
        status.users = NodeStatus.UsersStatus(
            count: 1,
            refusals: ["quota used up": 3],
            ledger: "/var/lib/causeway",
            ledgerLag: 2,
            ledgerFailure: "disk full",
            volatile: "disk full"
        )
        status.listeners[0].exit = "abroad"
        status.groups[0].members[0].reason = "timed out"
        status.congestion = [Self.congestion]
        status.events = [NodeStatus.Event(cause: "wrong password", reason: "x", at: "in", count: 4)]
        return status
    }

    func sessions(of user: String?, limit: Int) throws(ControlError) -> SessionsReport {
        if user == "nobody" { return SessionsReport(total: 0, sessions: []) }
        return SessionsReport(total: Self.sessions.total, sessions: Array(Self.sessions.sessions.prefix(limit)))
    }

    func reload(isTrial: Bool) throws(ControlError) -> ReloadReport {
        ReloadReport(changes: ["listener in: removed"], atRestart: ["loops: 1 -> 2"], warnings: ["x"])
    }

    func drain(seconds: Int?) throws(ControlError) -> DrainReport {
        DrainReport(sessions: 3, secondsLeft: Double(seconds ?? 10))
    }

    func logSetting() throws(ControlError) -> LogSetting { LogSetting(level: "info") }

    func setLog(_ setting: LogSetting) throws(ControlError) -> LogSetting { setting }

    func handOver(seconds: Int?) throws(ControlError) -> HandOverReport {
        HandOverReport(process: 4711, sessions: 3, secondsLeft: Double(seconds ?? 86_400))
    }

    func adminRefused(_ reason: String) { self.refusals.withLock { $0.append(reason) } }
}
