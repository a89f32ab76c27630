import CausewayAdmin
import CausewayBytes
import CausewayConfig
import CausewayCore
import CausewayIO
import FoundationEssentials
import Synchronization

/// What the admin API is told of a node: read from the counters that the loops write.
final class StatusReport: NodeControl {
    private let plan: LivePlan
    private let shared: SharedState
    private let version: String
    private let aead: String
    private let startedAt: UInt64
    private let start: Instant
    private let users: LiveUsers
    private let reloading: @Sendable (_ isTrial: Bool) throws(ControlError) -> ReloadReport
    private let draining: @Sendable (_ seconds: Int?) throws(ControlError) -> DrainReport
    private let log: NodeOwner.LogControl?
    private let handingOver: @Sendable (_ seconds: Int?) throws(ControlError) -> HandOverReport

    var userControl: (any UserControl)? { self.users.service }

    /// - Parameters:
    ///   - log: looks after the level of the log; `nil` where nobody does.
    ///   - reloading: reads the configuration again; as a trial it changes nothing.
    ///   - draining: makes the node end when its sessions have, within so many seconds.
    ///   - handingOver: puts a new process in the node's place, whose sessions have so many seconds.
    init(
        plan: LivePlan,
        shared: SharedState,
        users: LiveUsers,
        version: String,
        aead: String,
        log: NodeOwner.LogControl?,
        reloading: @escaping @Sendable (_ isTrial: Bool) throws(ControlError) -> ReloadReport,
        draining: @escaping @Sendable (_ seconds: Int?) throws(ControlError) -> DrainReport,
        handingOver: @escaping @Sendable (_ seconds: Int?) throws(ControlError) -> HandOverReport
    ) {
        self.users = users
        self.reloading = reloading
        self.draining = draining
        self.handingOver = handingOver
        self.plan = plan
        self.shared = shared
        self.version = version
        self.aead = aead
        self.log = log
        self.startedAt = UInt64(max(Date().timeIntervalSince1970, 0))
        self.start = HostSystem.now
    }

    func status() -> NodeStatus {
        let now = HostSystem.now
        let plan = self.plan.present
        let congestion = CongestionCensus(loops: self.shared.loops, plan: plan).take()
        return NodeStatus(
            version: self.version,
            startedAt: self.startedAt,
            uptime: Self.seconds(from: self.start, to: now),
            loops: plan.limits.loops,
            aead: self.aead,
            sessions: NodeStatus.Sessions(
                live: self.shared.sessionCount.load(ordering: .relaxed),
                limit: plan.limits.sessions
            ),
            listeners: plan.listeners.map { Self.status(of: $0) },
            exits: plan.exits.map { Self.status(of: $0) },
            groups: plan.groups.map { exit, group in
                GroupStatus(
                    name: exit.name,
                    policy: group.policy.rawValue,
                    members: group.members.map { Self.status(of: $0, now: now) }
                )
            },
            users: self.users.service?.summary(),
            events: self.shared.log.totals.map {
                NodeStatus.Event(cause: $0.cause.rawValue, reason: $0.detail, at: $0.place, count: $0.count)
            },
            congestion: congestion.isEmpty ? nil : congestion
        )
    }

    func sessions(of user: String?, limit: Int) throws(ControlError) -> SessionsReport {
        guard let report = SessionCensus(loops: self.shared.loops, user: user, limit: limit).take() else {
            throw .unavailable("a loop does not answer")
        }
        return report
    }

    func reload(isTrial: Bool) throws(ControlError) -> ReloadReport { try self.reloading(isTrial) }

    func drain(seconds: Int?) throws(ControlError) -> DrainReport { try self.draining(seconds) }

    func handOver(seconds: Int?) throws(ControlError) -> HandOverReport { try self.handingOver(seconds) }

    func logSetting() throws(ControlError) -> LogSetting {
        guard let log = self.log else { throw .unavailable("the log of this node is not ours") }
        return LogSetting(level: log.level().rawValue)
    }

    func setLog(_ setting: LogSetting) throws(ControlError) -> LogSetting {
        guard let log = self.log else { throw .unavailable("the log of this node is not ours") }
        guard let level = Configuration.Log.Level(rawValue: setting.level) else {
            let words = Configuration.Log.Level.allCases.map(\.rawValue).joined(separator: ", ")
            throw .invalid("level: is not one of \(words)")
        }
        log.set(level)
        return try self.logSetting()
    }

    func adminRefused(_ reason: String) {
        self.shared.log.note(.adminRefused, reason, at: "admin", now: HostSystem.now)
    }

    private static func status(of listener: Listener) -> ListenerStatus {
        let totals = TrafficCounters.totals(listener.traffic)
        let type =
            switch listener.kind {
            case .mixed: "mixed"
            case .tunnel: "tunnel"
            case .relay: "relay"
            case .forward: "forward"
            }
        return ListenerStatus(
            name: listener.name,
            type: type,
            addresses: listener.addresses.map(\.description),
            exit: listener.exit?.name,
            sessions: totals.live,
            total: totals.begun,
            refused: totals.failed,
            bytesUp: totals.up,
            bytesDown: totals.down,
            udp: listener.takesDatagrams ? DatagramStatus(DatagramCounters.totals(listener.datagrams)) : nil
        )
    }

    private static func status(of exit: Exit) -> ExitStatus {
        let totals = TrafficCounters.totals(exit.traffic)
        let datagrams = DatagramCounters.totals(exit.datagrams)
        var server: String?
        let type: String
        switch exit.kind {
        case .direct: type = "direct"
        case .tunnel(let address, _):
            type = "tunnel"
            server = address.description
        case .group: type = "group"
        case .block: type = "block"
        }
        return ExitStatus(
            name: exit.name,
            type: type,
            server: server,
            sessions: totals.live,
            total: totals.begun,
            failures: totals.failed,
            bytesUp: totals.up,
            bytesDown: totals.down,
            warm: exit.warm == 0 ? nil : self.warmth(of: exit),
            udp: datagrams.begun == 0 ? nil : DatagramStatus(datagrams)
        )
    }

    private static func warmth(of exit: Exit) -> ExitStatus.Warm {
        let totals = WarmCounters.totals(exit.warmth)
        return ExitStatus.Warm(
            ready: totals.ready,
            target: totals.target,
            maximum: exit.warm,
            taken: totals.taken,
            missed: totals.missed
        )
    }

    private static func status(of member: GroupMember, now: Instant) -> GroupStatus.Member {
        let health = member.present
        return GroupStatus.Member(
            exit: member.exit.name,
            state: health.state.rawValue,
            latencyMilliseconds: health.latency.map { Double($0.nanoseconds / 1_000) / 1_000 },
            sessions: TrafficCounters.totals(member.exit.traffic).live,
            failures: health.failures,
            secondsInState: health.changedAt.map { self.seconds(from: $0, to: now) },
            reason: health.lastFailure
        )
    }

    private static func seconds(from start: Instant, to end: Instant) -> UInt64 {
        UInt64(max((end - start).nanoseconds, 0)) / 1_000_000_000
    }
}

extension DatagramStatus {
    init(_ totals: DatagramCounters.Totals) {
        self.init(
            associations: totals.live,
            total: totals.begun,
            up: totals.up,
            down: totals.down,
            refused: totals.refused,
            dropped: totals.dropped,
            tooLarge: totals.tooLarge
        )
    }
}
