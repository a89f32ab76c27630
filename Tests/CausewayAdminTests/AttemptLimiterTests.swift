import CausewayBytes
import Testing

@testable import CausewayAdmin

@Suite struct AttemptLimiterTests {
    private static func second(_ number: Int) -> Instant {
        Instant(nanoseconds: 1_000_000_000_000) + Interval.seconds(number)
    }

    @Test func `ten fail at once, then one every six seconds, and others do not mind`() {
        var limiter = AttemptLimiter()
        for _ in 0..<10 {
            let isAllowed = limiter.isAllowed("a", now: Self.second(0))
            #expect(isAllowed)
            limiter.failed("a", now: Self.second(0))
        }
        let answers = [("a", 0), ("a", 5), ("a", 6), ("b", 0)].map { limiter.isAllowed($0.0, now: Self.second($0.1)) }
        #expect(answers == [false, false, true, true])
        limiter.failed("a", now: Self.second(6))
        #expect(!limiter.isAllowed("a", now: Self.second(11)))
        #expect(limiter.isAllowed("a", now: Self.second(12)))
    }

    @Test func `a flood of sources takes no more than its room, and the newest is not forgotten`() {
        var limiter = AttemptLimiter()
        for number in 0..<6_000 { limiter.failed("\(number)", now: Self.second(number / 1_000)) }
        for _ in 0..<10 { limiter.failed("last", now: Self.second(6)) }
        #expect(!limiter.isAllowed("last", now: Self.second(6)))
        #expect(Mirror(reflecting: limiter).children.compactMap { $0.value as? [String: Instant] }.first?.count == 4096)
    }
}
