import CausewayBytes
import Testing

@Suite struct BitRateTests {
    @Test(
        arguments: [
            ("100 Mbit/s", 100_000_000, "100 Mbit/s"), ("2.5 Gbit/s", 2_500_000_000, "2500 Mbit/s"),
            ("0 bit/s", 0, "0 bit/s"), ("9600 bit/s", 9_600, "9600 bit/s"), ("1000kbit/s", 1_000_000, "1 Mbit/s"),
        ] as [(String, UInt64, String)]
    )
    func `reads a rate and prints the shortest exact writing`(text: String, bits: UInt64, printed: String) {
        #expect(BitRate(text)?.bitsPerSecond == bits)
        #expect(BitRate(text)?.description == printed)
        #expect(BitRate(printed)?.bitsPerSecond == bits)
    }

    @Test(arguments: ["", "100", "100 Mbit", "100 MB/s", "100 Mbps", "0.5 bit/s", "100 mbit/s", "-1 bit/s"])
    func `refuses a bare number and every other unit`(text: String) {
        #expect(BitRate(text) == nil)
    }

    @Test func `gives whole bytes`() {
        #expect(BitRate(bitsPerSecond: 100_000_007).bytesPerSecond == 12_500_000)
    }
}
