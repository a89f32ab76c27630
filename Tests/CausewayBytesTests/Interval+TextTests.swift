import CausewayBytes
import Testing

@Suite struct IntervalTextTests {
    @Test(
        arguments: [
            ("30 s", .seconds(30), "30 s"), ("250 ms", .milliseconds(250), "250 ms"), ("5 min", .seconds(300), "5 min"),
            ("1 h", .seconds(3600), "1 h"), ("1.5 h", .seconds(5400), "90 min"), ("60s", .seconds(60), "1 min"),
            ("0 s", .seconds(0), "0 ns"), ("2 d", .seconds(172_800), "2 d"),
            ("10 us", Interval(nanoseconds: 10_000), "10 us"),
        ] as [(String, Interval, String)]
    )
    func `reads a length and prints the shortest exact writing`(text: String, interval: Interval, printed: String) {
        #expect(Interval(text) == interval)
        #expect(interval.description == printed)
        #expect(Interval(printed) == interval)
    }

    @Test(arguments: ["", "30", "30 sec", "-1 s", "0.5 ns", "1 m", "1 H", "9223372036854775808 ns", "106752 d"])
    func `refuses a bare number, other units and what does not fit`(text: String) {
        #expect(Interval(text) == nil)
    }

    @Test func `prints negative lengths to the far end`() {
        #expect(Interval.seconds(-90).description == "-90 s")
        #expect(Interval(nanoseconds: .min).description == "-9223372036854775808 ns")
    }
}
