import LoadEngine
import Testing

@Suite struct LatencyHistogramTests {
    @Test func `an empty histogram has no quantile`() {
        #expect(LatencyHistogram().quantile(0.5) == nil)
    }

    @Test func `below 128 nanoseconds every value has its own bucket`() {
        for value in Int64(0)..<128 {
            var histogram = LatencyHistogram()
            histogram.record(value)
            histogram.record(1000)
            #expect(histogram.quantile(0.5) == value)
        }
    }

    @Test(arguments: [128, 129, 255, 256, 1000, 65_535, 65_536, 1_000_000, 123_456_789, Int64.max / 2])
    func `a quantile is at most one bucket too large, never too small`(value: Int64) throws {
        var histogram = LatencyHistogram()
        histogram.record(value)
        histogram.record(Int64.max)
        let quantile = try #require(histogram.quantile(0.5))
        #expect(quantile >= value)
        #expect(Double(quantile) <= Double(value) * (1 + 1.0 / 64))
    }

    @Test func `quantiles rank as sorting does`() throws {
        var histogram = LatencyHistogram()
        for value in (Int64(1)...100).reversed() { histogram.record(value) }
        #expect(histogram.quantile(0.5) == 50)
        #expect(histogram.quantile(0.99) == 99)
        #expect(histogram.quantile(1) == 100)
        #expect(histogram.quantile(0) == 1)
        #expect(histogram.count == 100)
    }

    @Test func `no quantile exceeds the longest duration`() {
        var histogram = LatencyHistogram()
        histogram.record(1_000_001)
        #expect(histogram.quantile(0.99) == 1_000_001)
        #expect(histogram.longest == 1_000_001)
    }

    @Test func `a clock that ran backwards counts as zero`() {
        var histogram = LatencyHistogram()
        histogram.record(-5)
        #expect(histogram.quantile(1) == 0)
    }

    @Test func `the longest duration there is has a place`() {
        var histogram = LatencyHistogram()
        histogram.record(.max)
        #expect(histogram.quantile(1) == .max)
    }
}
