import Synchronization

/// What processes that count for one user at a time have in common of it, beside the counters: while old processes end
/// with their sessions and a new one takes connections, all live on one quota, at one rate and within one limit of
/// sessions.
///
/// Words of memory that belongs to whoever made this, and outlives it. They say nothing after the last process has
/// ended: whoever comes then begins with ``reset()``.
public struct AccountWords: @unchecked Sendable {
    // Safe: aligned memory that was bound to the atomics once, and of which the owner says that it stays.
    private let words: UnsafeMutablePointer<Atomic<Int64>>
    private let clocks: UnsafeMutablePointer<Atomic<UInt64>>
    private let side: Int

    /// Processes that may count at one time; each has a side of its own, which nobody else writes to.
    public static let sides = 4
    /// Bytes that the words take in memory.
    public static let width = 8 * (Self.clockCount + Self.wordCount)

    private static let clockCount = 2
    private static let wordCount = 2 + 2 * Self.sides

    /// - Parameters:
    ///   - memory: ``width`` bytes, aligned to eight.
    ///   - side: this process's, below ``sides``.
    public init(at memory: UnsafeMutableRawPointer, side: Int) {
        precondition(UInt(bitPattern: memory) % 8 == 0 && (0..<Self.sides).contains(side))
        self.clocks = memory.bindMemory(to: Atomic<UInt64>.self, capacity: Self.clockCount)
        self.words = (memory + 8 * Self.clockCount).bindMemory(to: Atomic<Int64>.self, capacity: Self.wordCount)
        self.side = side
    }

    /// Forgets everything. Only where nobody else is.
    public func reset() {
        for index in 0..<Self.wordCount { self.words[index].store(0, ordering: .relaxed) }
        for index in 0..<Self.clockCount { self.clocks[index].store(0, ordering: .releasing) }
    }

    /// The virtual clock of the rate towards the target, in nanoseconds.
    var clockUp: UnsafeMutablePointer<Atomic<UInt64>> { self.clocks }
    /// The same of the rate towards the customer.
    var clockDown: UnsafeMutablePointer<Atomic<UInt64>> { self.clocks + 1 }
    /// Bytes of the quota that neither were used nor are on lease.
    var remaining: UnsafeMutablePointer<Atomic<Int64>> { self.words }
    /// Bytes that this process's loops have on lease.
    var onLease: UnsafeMutablePointer<Atomic<Int64>> { self.leases(of: self.side) }
    /// Sessions that this process has of the user.
    var sessions: UnsafeMutablePointer<Atomic<Int64>> { self.sessions(of: self.side) }

    private func leases(of side: Int) -> UnsafeMutablePointer<Atomic<Int64>> { self.words + 2 + side }
    private func sessions(of side: Int) -> UnsafeMutablePointer<Atomic<Int64>> { self.words + 2 + Self.sides + side }

    /// Bytes that loops of all processes have on lease.
    var allLeases: Int64 {
        (0..<Self.sides).reduce(0) { sum, side in
            sum &+ self.leases(of: side).pointee.load(ordering: .sequentiallyConsistent)
        }
    }

    /// Sessions of the user in all processes.
    var allSessions: Int64 {
        (0..<Self.sides).reduce(0) { $0 &+ self.sessions(of: $1).pointee.load(ordering: .relaxed) }
    }

    /// Grows with each change that the ledger's owner makes to the user, so that the other processes see that there is
    /// one.
    public var generation: Int64 { self.words[1].load(ordering: .acquiring) }

    /// Notes a change that is in the ledger.
    public func noteChange() { self.words[1].wrappingAdd(1, ordering: .acquiringAndReleasing) }

    /// Takes back what the process of `side` had on lease when it ended, and forgets its sessions.
    public func end(_ side: Int) {
        let lost = self.leases(of: side).pointee.exchange(0, ordering: .sequentiallyConsistent)
        if lost != 0 { self.remaining.pointee.wrappingAdd(lost, ordering: .sequentiallyConsistent) }
        self.sessions(of: side).pointee.store(0, ordering: .relaxed)
    }
}
