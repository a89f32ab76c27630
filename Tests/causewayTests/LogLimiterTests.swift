import CausewayBytes
import Testing

@testable import causeway

@Suite struct LogLimiterTests {
    private func at(_ milliseconds: Int) -> Instant {
        Instant(nanoseconds: 1_000_000_000) + .milliseconds(milliseconds)
    }

    @Test func `so many of a kind pass in a window, and the others are counted`() {
        var limiter = LogLimiter()
        let passed = (0..<1000).filter { limiter.admits("a", now: self.at($0)) }
        #expect(passed == Array(0..<LogLimiter.burst))
        let isOtherAdmitted = limiter.admits("b", now: self.at(1000))
        let early = limiter.reports(now: self.at(9_999))
        #expect(isOtherAdmitted && early.isEmpty)
        let reports = limiter.reports(now: self.at(10_000))
        #expect(reports.map(\.kind) == ["a"] && reports.map(\.count) == [1000 - LogLimiter.burst])
        let again = limiter.reports(now: self.at(10_000))
        let isAdmitted = limiter.admits("a", now: self.at(10_000))
        #expect(again.isEmpty && isAdmitted)
    }

    @Test func `kinds without end take no memory without end`() {
        var limiter = LogLimiter()
        for number in 0..<10_000 {
            _ = limiter.reports(now: self.at(0))
            let isAdmitted = limiter.admits("\(number)", now: self.at(0))
            #expect(isAdmitted && limiter.count <= LogLimiter.capacity + 1)
        }
    }
}
