import Synchronization

/// The bytes that a user may still move, shared by all loops, and for a while by several processes. Nobody moves a byte that
/// was not taken out of here first.
///
/// A loop takes a **lease** before it reads from a socket, for one turn of one session, and gives back what it did not
/// use at the end of that turn; so an idle loop holds nothing, and what is left is left for everybody. Far from the end
/// a lease is as large as a turn; near it, it is small, so that no loop finds nothing because another took it all.
///
/// At every moment: what remains + what is on lease + what was used = the quota. A user without a quota has ``unlimited``
/// bytes, so that one who is given a quota later is counted all the same.
public struct Quota: Sendable {
    /// The quota of a user who has none: more than any link moves in a lifetime, and far from overflowing.
    public static let unlimited: Int64 = 1 << 61
    /// Bytes of a lease at most: those of one turn, in both directions.
    private static let largestLease: Int64 = 2 << 20
    /// Bytes below which leases do not get smaller while there are as many.
    private static let smallestLease: Int64 = 64 << 10

    private let words: AccountWords

    /// - Parameter words: where the quota is kept; it goes on from what they hold.
    public init(_ words: AccountWords) {
        self.words = words
    }

    /// Bytes that neither were used nor are on lease. Below zero once the quota was made smaller than its use.
    private var remaining: UnsafeMutablePointer<Atomic<Int64>> { self.words.remaining }

    /// What is left and on lease to nobody, in bytes.
    public var left: Int64 { self.remaining.pointee.load(ordering: .acquiring) }

    /// What an attempt to take a lease gives.
    public enum Lease: Equatable, Sendable {
        case granted(Int)
        /// Nothing now, but something is on lease and may come back.
        case contended
        /// Nothing is left.
        case exhausted
    }

    /// Takes a lease.
    public func lease() -> Lease {
        while true {
            // Marked before it is taken: whoever finds nothing left sees that somebody may give something back.
            var left = self.remaining.pointee.load(ordering: .sequentiallyConsistent)
            while left > 0 {
                let count = min(max(min(left / 16, Self.largestLease), min(left, Self.smallestLease)), left)
                self.words.beginLease(count)
                let (exchanged, seen) = self.remaining.pointee.weakCompareExchange(
                    expected: left,
                    desired: left - count,
                    ordering: .sequentiallyConsistent
                )
                if exchanged { return .granted(Int(count)) }
                self.words.endLease(count)
                left = seen
            }
            switch self.look() {
            case .exhausted: return .exhausted
            case .contended: return .contended
            case .available: continue
            }
        }
    }

    private enum Look {
        case available, contended, exhausted
    }

    /// Whether anything is left or may come back, at one moment.
    ///
    /// Bytes may go from one lease to the next between two looks, so that neither sees them. But where nothing is on lease,
    /// and no lease was begun until after nothing was found to be left, nothing was on lease at that moment either.
    private func look() -> Look {
        let before = self.words.leases
        guard self.remaining.pointee.load(ordering: .sequentiallyConsistent) <= 0 else { return .available }
        guard before.isEmpty else { return .contended }
        return self.words.leases == before ? .exhausted : .contended
    }

    /// Ends a lease of `count` bytes of which `used` were used.
    public func end(_ count: Int, used: Int) {
        if used != count { self.remaining.pointee.wrappingAdd(Int64(count - used), ordering: .sequentiallyConsistent) }
        self.words.endLease(Int64(count))
    }

    /// Gives back bytes that were used and then did not count after all; a top-up or a new cycle gives some, a smaller
    /// quota takes some away.
    public func add(_ count: Int64) {
        self.remaining.pointee.wrappingAdd(count, ordering: .sequentiallyConsistent)
    }

    /// Whether nothing is left nor may come back.
    public var isExhausted: Bool { self.look() == .exhausted }
}
