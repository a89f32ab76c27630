import Synchronization

/// What processes that count for one user at a time have in common of it, beside the counters: while an old process ends
/// with its sessions and a new one takes connections, both live on one quota and at one rate.
///
/// Six words of memory that belongs to whoever made this, and outlives it. They say nothing after the last process has
/// ended: whoever comes then begins with ``reset()``.
public struct AccountWords: @unchecked Sendable {
    // Safe: aligned memory that was bound to the atomics once, and of which the owner says that it stays.
    private let words: UnsafeMutablePointer<Atomic<Int64>>
    private let clocks: UnsafeMutablePointer<Atomic<UInt64>>
    private let side: Int

    /// Bytes that the words take in memory.
    public static let width = 48
    /// Processes that may count at one time; each has a side of its own, which nobody else writes to.
    public static let sides = 2

    /// - Parameters:
    ///   - memory: ``width`` bytes, aligned to eight.
    ///   - side: this process's, 0 or 1.
    public init(at memory: UnsafeMutableRawPointer, side: Int) {
        precondition(UInt(bitPattern: memory) % 8 == 0 && (0..<Self.sides).contains(side))
        self.words = memory.bindMemory(to: Atomic<Int64>.self, capacity: 4)
        self.clocks = (memory + 32).bindMemory(to: Atomic<UInt64>.self, capacity: 2)
        self.side = side
    }

    /// Forgets everything. Only where nobody else is.
    public func reset() {
        for index in 0..<4 { self.words[index].store(0, ordering: .relaxed) }
        for index in 0..<2 { self.clocks[index].store(0, ordering: .releasing) }
    }

    /// Bytes of the quota that neither were used nor are on lease.
    var remaining: UnsafeMutablePointer<Atomic<Int64>> { self.words }
    /// Bytes that this process's loops have on lease.
    var onLease: UnsafeMutablePointer<Atomic<Int64>> { self.words + 1 + self.side }
    /// Bytes that the other process's loops have on lease.
    var onOtherLease: UnsafeMutablePointer<Atomic<Int64>> { self.words + 2 - self.side }
    /// The virtual clock of the rate towards the target, in nanoseconds.
    var clockUp: UnsafeMutablePointer<Atomic<UInt64>> { self.clocks }
    /// The same of the rate towards the customer.
    var clockDown: UnsafeMutablePointer<Atomic<UInt64>> { self.clocks + 1 }

    /// Grows with each change that the ledger's owner makes to the user, so that the other process sees that there is
    /// one.
    public var generation: Int64 { self.words[3].load(ordering: .acquiring) }

    /// Notes a change that is in the ledger.
    public func noteChange() { self.words[3].wrappingAdd(1, ordering: .acquiringAndReleasing) }

    /// Takes back what the other process had on lease when it ended.
    public func endOtherLeases() {
        let lost = self.onOtherLease.pointee.exchange(0, ordering: .sequentiallyConsistent)
        if lost != 0 { self.remaining.pointee.wrappingAdd(lost, ordering: .sequentiallyConsistent) }
    }
}
