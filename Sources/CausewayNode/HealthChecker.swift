import CausewayBytes
import CausewayCore
import CausewayIO

/// Checks one member of a group again and again, at intervals that no observer can tell from chance, and soon when a
/// session has reason to doubt it.
final class HealthChecker: EventHandler {
    /// The next check after one that failed, while the member is not down yet.
    private static let shortInterval = Interval.seconds(1)
    /// Nothing makes checks follow one another sooner than this.
    private static let shortestInterval = Interval.milliseconds(250)

    let member: GroupMember
    let check: ExitGroup.Check
    private unowned let worker: Worker
    private var token = HandlerToken.none
    private var timer = TimerWheel.Handle.none
    private var probe: HealthProbe?
    private var lastStart: Instant

    init(of member: GroupMember, check: ExitGroup.Check, on worker: Worker) {
        self.member = member
        self.check = check
        self.worker = worker
        self.lastStart = worker.loop.now
    }

    func begin() {
        self.token = self.worker.loop.register(self)
        let member = ObjectIdentifier(self.member)
        // The worker has the member, which has this.
        self.member.whenSuspected { [weak worker = self.worker] in
            guard let worker else { return }
            worker.loop.execute { worker.checkers[member]?.hurry() }
        }
        self.probeNow()
    }

    /// Checks no more.
    func stop() {
        self.member.whenSuspected {}
        self.probe?.cancel()
        self.probe = nil
        self.worker.loop.cancel(self.timer)
        self.worker.loop.deregister(self.token)
    }

    /// Brings the next check forward.
    func hurry() {
        guard self.probe == nil else { return }
        self.schedule(Self.shortestInterval, since: self.lastStart)
    }

    private func schedule(_ interval: Interval, since start: Instant) {
        self.worker.loop.cancel(self.timer)
        let passed = self.worker.loop.now - start
        let left = max(interval.nanoseconds - passed.nanoseconds, 0)
        self.timer = self.worker.loop.schedule(after: Interval(nanoseconds: left), to: self.token, tag: 0)
    }

    /// From three to five quarters of `interval`, at random.
    private func jittered(_ interval: Interval) -> Interval {
        let quarter = UInt64(interval.nanoseconds / 4)
        return Interval(nanoseconds: Int64(3 * quarter + self.worker.random.next() % (2 * quarter + 1)))
    }

    private func probeNow() {
        self.lastStart = self.worker.loop.now
        self.member.takeSuspicion()
        let probe = HealthProbe(of: self.member.exit, check: self.check, on: self.worker) { [weak self] outcome in
            self?.conclude(outcome)
        }
        self.probe = probe
        probe.begin()
    }

    private func conclude(_ outcome: HealthProbe.Outcome) {
        self.probe = nil
        let now = self.worker.loop.now
        let change =
            switch outcome.verdict {
            case .works: self.member.checkSucceeded(latency: outcome.decided, now: now)
            case .fails(let reason): self.member.checkFailed(reason, now: now)
            }
        if let change { self.worker.shared.log.note(change, of: self.member) }
        // What was suspected while the check ran, it may not have seen.
        guard !self.member.isInSuspicion else { return self.hurry() }
        let health = self.member.present
        let isInDoubt = health.state != .down && health.failures > 0
        let interval = isInDoubt ? min(Self.shortInterval, self.check.interval) : self.check.interval
        self.schedule(self.jittered(interval), since: now)
    }

    func timerFired(tag: UInt8) {
        self.timer = .none
        if self.probe == nil { self.probeNow() }
    }

    func ready(_ events: ReadyEvents, tag: UInt8) {}

    func resumed() {}
}
