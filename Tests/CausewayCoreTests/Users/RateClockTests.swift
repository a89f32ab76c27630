import CausewayBytes
import CausewayCore
import Testing

/// A clock that expectations can look at, which want to copy what they look at.
private final class Box: Sendable {
    private let clock: RateClock
    private let memory = AccountMemory()

    init(_ rate: BitRate?) {
        self.clock = RateClock(rate, .down, of: self.memory.words())
    }

    func set(_ rate: BitRate?) { self.clock.set(rate) }
    func take(_ wanted: Int, now: Instant) -> RateClock.Grant { self.clock.take(wanted, now: now) }
    func giveBack(_ count: Int) { self.clock.giveBack(count) }
    func delay(now: Instant) -> Interval? { self.clock.delay(now: now) }
    func charge(_ count: Int, now: Instant) { self.clock.charge(count, now: now) }
}

@Suite struct RateClockTests {
    /// Bytes that pass within `seconds` where `sessions` take what they can get, `wanted` bytes at a time.
    private func passed(_ rate: UInt64, sessions: Int, wanted: Int, seconds: UInt64) -> Int {
        let clock = Box(BitRate(bitsPerSecond: rate))
        var due = Array(repeating: UInt64(1_000_000_000), count: sessions)
        let end: UInt64 = (1 + seconds) * 1_000_000_000
        var total = 0
        while let (index, time) = due.enumerated().min(by: { $0.element < $1.element }), time < end {
            switch clock.take(wanted, now: Instant(nanoseconds: time)) {
            case .granted(let count):
                total += count
                // Who has got all that it wanted comes again at once, who has not rests.
                due[index] = time + (count == wanted ? 1_000 : 25_000_000)
            case .wait(let interval): due[index] = time + UInt64(interval.nanoseconds)
            case .unlimited: return -1
            }
        }
        return total
    }

    @Test(arguments: [1, 3, 64], [64_000, 20_000_000, 100_000_000, 1_000_000_000] as [UInt64])
    func `any number of sessions together get the rate`(sessions: Int, rate: UInt64) {
        let bytes = self.passed(rate, sessions: sessions, wanted: 2 << 20, seconds: 10)
        let right = Double(rate) / 8 * 10
        #expect(Double(bytes) > right * 0.98 - 1_500 && Double(bytes) < right * 1.02 + 1_500, "\(bytes) of \(right)")
    }

    @Test func `whole datagrams pass at the rate, and those after a burst wait`() {
        let clock = Box(BitRate(bitsPerSecond: 8_000_000))
        var now = Instant(nanoseconds: 1_000_000_000_000)
        var passed = 0
        // Ten seconds of datagrams of 1,000 bytes, five times as many as the rate has room for.
        for _ in 0..<50_000 {
            if clock.delay(now: now) == nil {
                clock.charge(1_000, now: now)
                passed += 1
            }
            now = now + Interval(nanoseconds: 200_000)
        }
        #expect((10_000...10_051).contains(passed))
        let wait = clock.delay(now: now)
        if let wait { #expect(clock.delay(now: now + wait) == nil) }
    }

    @Test func `what does not pass is given back`() {
        let clock = Box(BitRate(bitsPerSecond: 8_000_000))
        let now = Instant(nanoseconds: 5_000_000_000)
        #expect(clock.take(1 << 20, now: now) == .granted(50_000))
        clock.giveBack(50_000)
        #expect(clock.take(1 << 20, now: now) == .granted(50_000))
        guard case .wait(let interval) = clock.take(1 << 20, now: now) else {
            Issue.record("there is nothing to take")
            return
        }
        #expect(interval.nanoseconds > 0 && interval <= .milliseconds(50))
    }

    @Test func `what is given back at a lower rate than it was taken at makes nobody wait`() {
        let clock = Box(BitRate(bitsPerSecond: 1_000_000_000))
        // A host that has just started.
        let now = Instant(nanoseconds: 1_000_000_000)
        #expect(clock.take(1 << 20, now: now) == .granted(1 << 20))
        clock.set(BitRate(bitsPerSecond: 8_000))
        clock.giveBack(1 << 20)
        #expect(clock.delay(now: now) == nil)
        #expect(clock.take(1 << 20, now: now) == .granted(1_500))
    }

    @Test func `another rate holds from the next byte on, and none is no limit`() {
        let clock = Box(nil)
        let now = Instant(nanoseconds: 1)
        #expect(clock.take(7, now: now) == .unlimited)
        clock.set(BitRate(bitsPerSecond: 1))
        #expect(clock.take(1 << 20, now: now) == .granted(1_500))
        clock.set(nil)
        #expect(clock.take(7, now: now) == .unlimited)
    }

    @Test(arguments: [UInt64(1), 7, 8_000, 1_000_000_000_000, UInt64.max])
    func `no rate and no time make the arithmetic overflow`(rate: UInt64) {
        let clock = Box(BitRate(bitsPerSecond: rate))
        for time in [UInt64(0), 1, 1 << 40, 1 << 62] {
            for wanted in [1, 1_500, 2 << 20, Int(Int32.max)] {
                if case .granted(let count) = clock.take(wanted, now: Instant(nanoseconds: time)) {
                    #expect((1...wanted).contains(count))
                    clock.giveBack(count)
                }
            }
        }
    }
}
