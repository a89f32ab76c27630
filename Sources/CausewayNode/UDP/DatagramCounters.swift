import Synchronization

/// What one loop has seen of datagrams at one listener or exit: written by that loop alone, without a locked instruction,
/// and read by whoever wants to know.
final class DatagramCounters: Sendable {
    private let live = Atomic<Int>(0)
    private let begun = Atomic<UInt64>(0)
    private let up = Atomic<UInt64>(0)
    private let down = Atomic<UInt64>(0)
    private let refused = Atomic<UInt64>(0)
    private let dropped = Atomic<UInt64>(0)
    private let tooLarge = Atomic<UInt64>(0)

    /// All of it at about one moment.
    struct Totals {
        /// Associations that are there now.
        var live = 0
        /// Associations since the node's start.
        var begun: UInt64 = 0
        /// Datagrams towards the target.
        var up: UInt64 = 0
        /// Datagrams towards the customer.
        var down: UInt64 = 0
        /// Datagrams that were not what they should be.
        var refused: UInt64 = 0
        /// Datagrams that were good and found no room: in a socket, a rate, a quota or a table.
        var dropped: UInt64 = 0
        /// Datagrams that do not fit the path.
        var tooLarge: UInt64 = 0
    }

    func associationBegan() {
        self.live.store(self.live.load(ordering: .relaxed) + 1, ordering: .relaxed)
        Self.count(in: self.begun)
    }

    func associationEnded() {
        self.live.store(self.live.load(ordering: .relaxed) - 1, ordering: .relaxed)
    }

    func countUp() { Self.count(in: self.up) }
    func countDown() { Self.count(in: self.down) }
    func countRefused() { Self.count(in: self.refused) }
    func countDropped() { Self.count(in: self.dropped) }
    func countTooLarge() { Self.count(in: self.tooLarge) }

    private static func count(in counter: borrowing Atomic<UInt64>) {
        counter.store(counter.load(ordering: .relaxed) &+ 1, ordering: .relaxed)
    }

    /// The sum over all loops.
    static func totals(_ loops: [DatagramCounters]) -> Totals {
        loops.reduce(into: Totals()) { totals, loop in
            totals.live += loop.live.load(ordering: .relaxed)
            totals.begun += loop.begun.load(ordering: .relaxed)
            totals.up += loop.up.load(ordering: .relaxed)
            totals.down += loop.down.load(ordering: .relaxed)
            totals.refused += loop.refused.load(ordering: .relaxed)
            totals.dropped += loop.dropped.load(ordering: .relaxed)
            totals.tooLarge += loop.tooLarge.load(ordering: .relaxed)
        }
    }
}
