import Synchronization

/// How one loop's stock of warm sockets for one exit stands: written by that loop alone, read by whoever wants to know.
final class WarmCounters: Sendable {
    private let ready = Atomic<Int>(0)
    private let target = Atomic<Int>(0)
    private let taken = Atomic<UInt64>(0)
    private let missed = Atomic<UInt64>(0)

    /// All of it at about one moment.
    struct Totals {
        var ready = 0
        var target = 0
        var taken: UInt64 = 0
        var missed: UInt64 = 0
    }

    func set(ready: Int, target: Int) {
        self.ready.store(ready, ordering: .relaxed)
        self.target.store(target, ordering: .relaxed)
    }

    func countTaken() {
        self.taken.store(self.taken.load(ordering: .relaxed) &+ 1, ordering: .relaxed)
    }

    func countMissed() {
        self.missed.store(self.missed.load(ordering: .relaxed) &+ 1, ordering: .relaxed)
    }

    /// The sum over all loops.
    static func totals(_ loops: [WarmCounters]) -> Totals {
        loops.reduce(into: Totals()) { totals, loop in
            totals.ready += loop.ready.load(ordering: .relaxed)
            totals.target += loop.target.load(ordering: .relaxed)
            totals.taken += loop.taken.load(ordering: .relaxed)
            totals.missed += loop.missed.load(ordering: .relaxed)
        }
    }
}
