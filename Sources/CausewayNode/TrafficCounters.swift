import Synchronization

/// What one loop has moved through one listener or exit: written by that loop alone, without a locked instruction, and
/// read by whoever wants to know.
final class TrafficCounters: Sendable {
    /// Sessions that are there now.
    private let live = Atomic<Int>(0)
    /// Sessions since the node's start.
    private let begun = Atomic<UInt64>(0)
    /// Of a listener, handshakes that were refused; of an exit, connections that did not come about.
    private let failed = Atomic<UInt64>(0)
    /// Bytes towards the target.
    private let up = Atomic<UInt64>(0)
    /// Bytes towards the customer.
    private let down = Atomic<UInt64>(0)

    /// All of it at about one moment.
    struct Totals {
        var live = 0
        var begun: UInt64 = 0
        var failed: UInt64 = 0
        var up: UInt64 = 0
        var down: UInt64 = 0
    }

    func sessionBegan() {
        self.live.store(self.live.load(ordering: .relaxed) + 1, ordering: .relaxed)
        Self.add(1, to: self.begun)
    }

    func sessionEnded() {
        self.live.store(self.live.load(ordering: .relaxed) - 1, ordering: .relaxed)
    }

    func countFailure() {
        Self.add(1, to: self.failed)
    }

    func count(up: UInt64, down: UInt64) {
        if up > 0 { Self.add(up, to: self.up) }
        if down > 0 { Self.add(down, to: self.down) }
    }

    private static func add(_ count: UInt64, to counter: borrowing Atomic<UInt64>) {
        counter.store(counter.load(ordering: .relaxed) &+ count, ordering: .relaxed)
    }

    /// The sum over all loops.
    static func totals(_ loops: [TrafficCounters]) -> Totals {
        loops.reduce(into: Totals()) { totals, loop in
            totals.live += loop.live.load(ordering: .relaxed)
            totals.begun += loop.begun.load(ordering: .relaxed)
            totals.failed += loop.failed.load(ordering: .relaxed)
            totals.up += loop.up.load(ordering: .relaxed)
            totals.down += loop.down.load(ordering: .relaxed)
        }
    }
}
