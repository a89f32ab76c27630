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
    /// Sessions that this process has of the user.
    var sessions: UnsafeMutablePointer<Atomic<Int64>> { self.sessions(of: self.side) }

    private func leases(of side: Int) -> UnsafeMutablePointer<Atomic<Int64>> { self.words + 2 + side }
    private func sessions(of side: Int) -> UnsafeMutablePointer<Atomic<Int64>> { self.words + 2 + Self.sides + side }

    /// The bits of a side's leases that are bytes; those above count how often some were taken.
    private static let bytesMask: Int64 = 1 << 40 - 1

    /// Notes that this process's loops have `count` bytes more on lease; at the start of taking them.
    func beginLease(_ count: Int64) {
        self.leases(of: self.side).pointee.wrappingAdd(Self.bytesMask + 1 + count, ordering: .sequentiallyConsistent)
    }

    /// Notes that `count` bytes of those are on lease no more; after what is left of them was given back.
    func endLease(_ count: Int64) {
        self.leases(of: self.side).pointee.wrappingSubtract(count, ordering: .sequentiallyConsistent)
    }

    /// What is on lease on each side, with how often some was taken there.
    struct Leases: Equatable {
        fileprivate var sides: InlineArray<4, Int64>

        /// Whether nothing is on lease.
        var isEmpty: Bool { self.sides.indices.allSatisfy { self.sides[$0] & AccountWords.bytesMask == 0 } }

        static func == (left: Leases, right: Leases) -> Bool {
            left.sides.indices.allSatisfy { left.sides[$0] == right.sides[$0] }
        }
    }

    /// The leases of all processes, one side looked at after the other.
    var leases: Leases {
        Leases(sides: InlineArray { self.leases(of: $0).pointee.load(ordering: .sequentiallyConsistent) })
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

    /// Begins on this process's side: takes back what a process had on lease there that has ended, and forgets its
    /// sessions. Before anything is taken here.
    public func begin() {
        let leases = self.leases(of: self.side)
        let lost = leases.pointee.load(ordering: .sequentiallyConsistent) & Self.bytesMask
        // In this order, so that nobody finds nothing left meanwhile.
        self.remaining.pointee.wrappingAdd(lost, ordering: .sequentiallyConsistent)
        self.endLease(lost)
        self.sessions.pointee.store(0, ordering: .relaxed)
    }

    /// Takes back what the process of `side` had on lease when it ended, and forgets its sessions.
    public func end(_ side: Int) {
        let leases = self.leases(of: side)
        let word = leases.pointee.load(ordering: .sequentiallyConsistent)
        let lost = word & Self.bytesMask
        if lost != 0 {
            // On lease here until they are given back, so that nobody finds nothing left meanwhile.
            self.beginLease(lost)
            let (isOurs, _) = leases.pointee.compareExchange(
                expected: word,
                desired: word - lost,
                ordering: .sequentiallyConsistent
            )
            if isOurs { self.remaining.pointee.wrappingAdd(lost, ordering: .sequentiallyConsistent) }
            self.endLease(lost)
        }
        self.sessions(of: side).pointee.store(0, ordering: .relaxed)
    }
}
