import Testing

@testable import CausewayCore

@Suite struct RebootGuardTests {
    private typealias Guard = RebootGuard

    /// What happens, and what the guard then does.
    private struct Row {
        var event: RebootGuard.Event
        var step: RebootGuard.Step
        var now: Int64 = 0
        /// What is in memory then.
        var memory: RebootGuard.Memory.State?
    }

    private static func run(_ guarding: inout RebootGuard, _ rows: [Row]) {
        for (number, row) in rows.enumerated() {
            #expect(guarding.handle(row.event, now: row.now) == row.step, "row \(number)")
            #expect(guarding.memory?.state == row.memory, "row \(number)")
        }
    }

    private static let begun: [Row] = [
        Row(event: .woke, step: .askWhetherWanted), Row(event: .wanted(true), step: .checkHealth),
        Row(event: .health(nil), step: .takeLock, memory: .holding),
    ]

    private static let drained: [Row] =
        begun + [
            Row(event: .lock(.mine), step: .drain, memory: .holding),
            Row(event: .drained(nil), step: .reboot, memory: .rebooting),
        ]

    private static func fresh(_ memory: RebootGuard.Memory? = nil, boot: String = "a") -> RebootGuard {
        RebootGuard(window: nil, boot: boot, memory: memory, now: 0)
    }

    @Test func `a machine goes through lock, drain and reboot, and releases the lock when it is up and healthy`() {
        var before = Self.fresh()
        Self.run(
            &before,
            Self.drained + [
                Row(event: .rebooted(nil), step: .rest(.rebooting), memory: .rebooting),
                Row(event: .woke, step: .rest(.rebooting), now: 899, memory: .rebooting),
            ]
        )
        var after = Self.fresh(before.memory, boot: "b")
        Self.run(
            &after,
            [
                Row(event: .woke, step: .checkHealth, memory: .rebooting),
                Row(event: .health("x"), step: .rest(.recovering("x")), memory: .rebooting),
                Row(event: .woke, step: .checkHealth, memory: .rebooting),
                Row(event: .health(nil), step: .releaseLock, memory: .rebooting),
                Row(event: .released("y"), step: .rest(.releaseFailed("y")), memory: .rebooting),
                Row(event: .woke, step: .releaseLock, memory: .rebooting),
                Row(event: .released(nil), step: .rest(.recovered)),
                Row(event: .woke, step: .askWhetherWanted), Row(event: .wanted(false), step: .rest(.notWanted)),
            ]
        )
    }

    @Test func `nothing is taken while the machine is not healthy or another has the lock`() {
        var guarding = Self.fresh()
        Self.run(
            &guarding,
            [
                Row(event: .woke, step: .askWhetherWanted), Row(event: .wanted(true), step: .checkHealth),
                Row(event: .health("x"), step: .rest(.unhealthy("x"))),
            ] + Self.begun + [Row(event: .lock(.others("b")), step: .rest(.lockTaken("b")))] + Self.begun
        )
    }

    @Test func `a lock that does not answer is let go of, for it may have been given`() {
        var guarding = Self.fresh()
        Self.run(
            &guarding,
            Self.begun + [
                Row(event: .lock(.failed("x")), step: .releaseLock, memory: .holding),
                Row(event: .released("y"), step: .rest(.releaseFailed("y")), memory: .holding),
                Row(event: .woke, step: .releaseLock, memory: .holding),
                Row(event: .released(nil), step: .rest(.lockFailed("x"))),
            ]
        )
    }

    @Test(arguments: [("drain", true), ("reboot", false)])
    func `what fails is taken back, the lock goes on to others, and the next try is an hour away`(
        what: String,
        atDrain: Bool
    ) {
        var guarding = Self.fresh()
        let reason: RebootGuard.Reason = atDrain ? .drainFailed("x") : .rebootFailed("x")
        let failure =
            atDrain
            ? Self.drained.dropLast() + [Row(event: .drained("x"), step: .resume, now: 10, memory: .holding)]
            : Self.drained + [Row(event: .rebooted("x"), step: .resume, now: 10, memory: .rebooting)]
        let kept: RebootGuard.Memory.State = atDrain ? .holding : .rebooting
        Self.run(
            &guarding,
            failure + [
                Row(event: .resumed, step: .releaseLock, now: 11, memory: kept),
                Row(event: .released(nil), step: .rest(reason), now: 12),
                Row(event: .woke, step: .rest(.retryLater), now: 3609),
                Row(event: .woke, step: .askWhetherWanted, now: 3610),
            ]
        )
    }

    @Test func `a machine that stays up after its command is given back`() {
        var guarding = Self.fresh()
        Self.run(
            &guarding,
            Self.drained + [
                Row(event: .rebooted(nil), step: .rest(.rebooting), now: 100, memory: .rebooting),
                Row(event: .woke, step: .resume, now: 1000, memory: .rebooting),
            ]
        )
    }

    @Test func `a guard that was ended in between goes on where it was`() {
        var holding = Self.fresh(RebootGuard.Memory(state: .holding, boot: "a"))
        Self.run(
            &holding,
            [
                Row(event: .woke, step: .takeLock, memory: .holding),
                Row(event: .lock(.mine), step: .drain, memory: .holding),
            ]
        )
        var other = Self.fresh(RebootGuard.Memory(state: .holding, boot: "a"))
        Self.run(
            &other,
            [
                Row(event: .woke, step: .takeLock, memory: .holding),
                Row(event: .lock(.others("b")), step: .rest(.lockTaken("b"))),
            ]
        )
        var told = Self.fresh(RebootGuard.Memory(state: .rebooting, boot: "a"))
        Self.run(&told, [Row(event: .woke, step: .rest(.rebooting), now: 5, memory: .rebooting)])
        // The power failed while it drained: that was a reboot, too.
        var failed = Self.fresh(RebootGuard.Memory(state: .holding, boot: "a"), boot: "b")
        Self.run(&failed, [Row(event: .woke, step: .checkHealth, memory: .holding)])
    }

    @Test func `outside the window nothing begins, also where the lock came late`() {
        let window = MaintenanceWindow(days: [.thu], from: 0, to: 3600, zone: "UTC", rules: .utc)
        var guarding = RebootGuard(window: window, boot: "a", memory: nil, now: 0)
        Self.run(
            &guarding,
            [
                Row(event: .woke, step: .askWhetherWanted, now: 3600),
                Row(event: .wanted(true), step: .rest(.outsideWindow), now: 3600),
                Row(event: .woke, step: .askWhetherWanted, now: 3599),
                Row(event: .wanted(true), step: .checkHealth, now: 3599),
                Row(event: .health(nil), step: .takeLock, now: 3599, memory: .holding),
                Row(event: .lock(.mine), step: .releaseLock, now: 3600, memory: .holding),
                Row(event: .released(nil), step: .rest(.outsideWindow), now: 3600),
            ]
        )
    }

    @Test func `what nobody has asked for changes nothing`() {
        for event: RebootGuard.Event in [
            .lock(.mine), .drained(nil), .rebooted(nil), .resumed, .released(nil), .rebooted("x"), .drained("x"),
        ] {
            var guarding = Self.fresh()
            #expect(guarding.handle(event, now: 0) == .rest(.retryLater))
            #expect(guarding.memory == nil && guarding.handle(.woke, now: 0) == .askWhetherWanted)
        }
    }
}
