import CausewayBytes
import Testing

@Suite struct InstantTests {
    @Test func `adds and subtracts intervals of either sign`() {
        let start = Instant(nanoseconds: 5_000_000_000)
        #expect((start + .seconds(2)).nanoseconds == 7_000_000_000)
        #expect((start + .milliseconds(-1500)).nanoseconds == 3_500_000_000)
        #expect(start + .seconds(2) - start == .seconds(2))
        #expect(start - (start + .seconds(2)) == .seconds(-2))
        #expect(start < start + .milliseconds(1) && Interval.milliseconds(999) < .seconds(1))
    }
}
