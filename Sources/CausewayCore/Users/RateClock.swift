public import CausewayBytes
import Synchronization

/// A limit on the bytes per second of a user in one direction, shared by all loops without a lock.
///
/// A virtual clock (GCRA, ITU-T I.371 annex A): it says when all that has been let through would have passed at exactly
/// the rate. Bytes may pass while it is less than ``burst`` ahead of the time.
public struct RateClock: ~Copyable, Sendable {
    /// How far the clock may run ahead: what comes after a pause passes at once up to so much.
    @inlinable public static var burst: Interval { .milliseconds(50) }
    /// The least that is worth a turn: below, whoever comes waits instead of moving bytes one by one.
    private static let quantum = Interval.milliseconds(5)
    /// Bytes that are let through at once at least, where the rate is so low that a quantum is less.
    private static let smallestGrant = 1_500

    private let bytesPerSecond: Atomic<UInt64>
    private let words: AccountWords
    private let direction: Direction

    /// Which of a user's two clocks it is.
    public enum Direction: Sendable {
        /// Towards the target.
        case up
        /// Towards the customer.
        case down
    }

    /// - Parameters:
    ///   - rate: none lets everything through.
    ///   - words: where the virtual clock is kept.
    public init(_ rate: BitRate?, _ direction: Direction, of words: AccountWords) {
        self.bytesPerSecond = Atomic(Self.bytes(rate))
        self.words = words
        self.direction = direction
    }

    /// The virtual clock, in nanoseconds.
    private var clock: UnsafeMutablePointer<Atomic<UInt64>> {
        switch self.direction {
        case .up: self.words.clockUp
        case .down: self.words.clockDown
        }
    }

    /// A rate of less than a byte per second is one byte per second.
    private static func bytes(_ rate: BitRate?) -> UInt64 { rate.map { max($0.bytesPerSecond, 1) } ?? 0 }

    /// Bytes per second that pass at most; `nil` for no limit.
    public var limit: UInt64? {
        let rate = self.bytesPerSecond.load(ordering: .relaxed)
        return rate == 0 ? nil : rate
    }

    /// Sets another rate, which holds from the next byte on.
    public func set(_ rate: BitRate?) {
        self.bytesPerSecond.store(Self.bytes(rate), ordering: .relaxed)
    }

    public enum Grant: Equatable, Sendable {
        /// There is no limit.
        case unlimited
        /// So many bytes may pass; those that do not are given back.
        case granted(Int)
        /// Nothing before this time has passed.
        case wait(Interval)
    }

    /// Takes up to `wanted` bytes.
    public func take(_ wanted: Int, now: Instant) -> Grant {
        let rate = self.bytesPerSecond.load(ordering: .relaxed)
        guard rate > 0 else { return .unlimited }
        let time = now.nanoseconds
        let end = time &+ UInt64(Self.burst.nanoseconds)
        let least = min(max(Self.bytes(in: UInt64(Self.quantum.nanoseconds), at: rate), Self.smallestGrant), wanted)
        var clock = self.clock.pointee.load(ordering: .relaxed)
        while true {
            // A clock that is behind has let time pass unused: that is lost.
            let start = max(clock, time)
            let fits = start < end ? Self.bytes(in: end - start, at: rate) : 0
            guard fits >= least || start == time else {
                // Until enough fits, or until the clock is no longer ahead: then the least passes in any case.
                let due = start &+ Self.time(of: least, at: rate)
                let wait = min(due > end ? due - end : 0, start - time)
                return .wait(Interval(nanoseconds: Int64(clamping: max(wait, 1_000_000))))
            }
            let count = min(max(fits, least), wanted)
            let (exchanged, seen) = self.clock.pointee.weakCompareExchange(
                expected: clock,
                desired: start &+ Self.time(of: count, at: rate),
                ordering: .relaxed
            )
            if exchanged { return .granted(count) }
            clock = seen
        }
    }

    /// Gives back `count` bytes that were taken and did not pass.
    public func giveBack(_ count: Int) {
        let rate = self.bytesPerSecond.load(ordering: .relaxed)
        guard rate > 0, count > 0 else { return }
        let cost = Self.time(of: count, at: rate)
        // The rate may be another by now, at which they cost more time than there was.
        self.move { $0 - min($0, cost) }
    }

    /// How long whoever comes now waits, as those before have used up the rate; `nil` where bytes may pass.
    public func delay(now: Instant) -> Interval? {
        guard self.bytesPerSecond.load(ordering: .relaxed) > 0 else { return nil }
        let end = now.nanoseconds &+ UInt64(Self.burst.nanoseconds)
        let clock = self.clock.pointee.load(ordering: .relaxed)
        return clock < end ? nil : Interval(nanoseconds: Int64(clamping: clock - end + 1_000_000))
    }

    /// Counts `count` bytes that pass as a whole, after ``delay(now:)`` has let them.
    public func charge(_ count: Int, now: Instant) {
        let rate = self.bytesPerSecond.load(ordering: .relaxed)
        guard rate > 0 else { return }
        let cost = Self.time(of: count, at: rate)
        self.move { max($0, now.nanoseconds) &+ cost }
    }

    /// Puts the clock to what `time` makes of its present time, whoever else moves it meanwhile.
    @inline(__always)
    private func move(_ time: (UInt64) -> UInt64) {
        var clock = self.clock.pointee.load(ordering: .relaxed)
        while true {
            let (exchanged, seen) = self.clock.pointee.weakCompareExchange(
                expected: clock,
                desired: time(clock),
                ordering: .relaxed
            )
            if exchanged { return }
            clock = seen
        }
    }

    /// Nanoseconds that `count` bytes take.
    private static func time(of count: Int, at rate: UInt64) -> UInt64 {
        let (high, low) = UInt64(count).multipliedFullWidth(by: 1_000_000_000)
        guard high < rate else { return UInt64(Int64.max) }
        return min(rate.dividingFullWidth((high, low)).quotient, UInt64(Int64.max))
    }

    /// Bytes that pass in so many nanoseconds.
    private static func bytes(in nanoseconds: UInt64, at rate: UInt64) -> Int {
        let (high, low) = rate.multipliedFullWidth(by: nanoseconds)
        guard high < 1_000_000_000 else { return Int.max }
        return Int(clamping: UInt64(1_000_000_000).dividingFullWidth((high, low)).quotient)
    }
}
