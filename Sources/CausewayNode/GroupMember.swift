import CausewayBytes
import CausewayCore
import Synchronization

/// An exit as a member of a group: what is believed of its health, shared by all loops.
final class GroupMember: Sendable {
    let exit: Exit
    private let health: Mutex<Health>
    /// Whether a session's success would change anything, so that most need not lock.
    private let awaitsSuccess = Atomic<Bool>(true)
    /// Somebody has seen the member fail in a way that only a check can judge.
    private let isSuspected = Atomic<Bool>(false)
    private let suspicionHandler = Mutex<(@Sendable () -> Void)?>(nil)

    /// - Parameter old: the member that this one takes the place of, and whose health it goes on with.
    init(_ exit: Exit, rule: HealthRule, after old: GroupMember? = nil) {
        self.exit = exit
        self.health = Mutex(old?.present.under(rule) ?? Health(rule: rule))
    }

    /// What is believed now.
    var present: Health { self.health.withLock { $0 } }

    func isUsable(now: Instant) -> Bool { self.health.withLock { $0.isUsable(now: now) } }

    /// The member as a selector sees it.
    func view(now: Instant) -> GroupSelector.Member {
        let health = self.present
        let totals = TrafficCounters.totals(self.exit.traffic)
        return GroupSelector.Member(
            isUsable: health.isUsable(now: now),
            latency: health.latency,
            sessions: totals.live
        )
    }

    /// A session through the member was answered.
    func sessionSucceeded(now: Instant) -> Health.State? {
        guard self.awaitsSuccess.load(ordering: .relaxed) else { return nil }
        return self.update { $0.succeeded(.session, latency: nil, now: now) }
    }

    /// A session could not be opened through the member, for a reason that is the member's.
    func sessionFailed(_ reason: String, now: Instant) -> Health.State? {
        self.update { $0.failed(.session, reason: reason, now: now) }
    }

    func checkSucceeded(latency: Interval, now: Instant) -> Health.State? {
        self.update { $0.succeeded(.check, latency: latency, now: now) }
    }

    func checkFailed(_ reason: String, now: Instant) -> Health.State? {
        self.update { $0.failed(.check, reason: reason, now: now) }
    }

    private func update(_ body: (inout sending Health) -> Health.State?) -> Health.State? {
        self.health.withLock { health in
            let change = body(&health)
            self.awaitsSuccess.store(health.state != .up || health.failures > 0, ordering: .relaxed)
            return change
        }
    }

    // MARK: - Checks on suspicion

    /// Who is told, on any thread, that a check is wanted soon.
    func whenSuspected(_ body: @escaping @Sendable () -> Void) {
        self.suspicionHandler.withLock { $0 = body }
    }

    /// Asks for a check soon: a session was reset without an answer, or gets none, which may be its target's doing.
    func suspect() {
        guard !self.isSuspected.exchange(true, ordering: .relaxed) else { return }
        self.suspicionHandler.withLock { $0 }?()
    }

    /// Whether something was suspected since the last check began.
    var isInSuspicion: Bool { self.isSuspected.load(ordering: .relaxed) }

    /// A check begins: what was suspected before, it will tell.
    func takeSuspicion() {
        self.isSuspected.store(false, ordering: .relaxed)
    }
}
