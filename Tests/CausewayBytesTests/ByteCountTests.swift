import CausewayBytes
import Testing

@Suite struct ByteCountTests {
    @Test(
        arguments: [
            ("0", 0), ("1", 1), ("4096", 4096), ("0 B", 0), ("300 GB", 300_000_000_000), ("64 KiB", 65_536),
            ("1.5 MiB", 1_572_864), ("64KiB", 65_536), ("1 kB", 1_000), ("1 KB", 1_000), ("0.5 KiB", 512),
            ("2 TiB", 2_199_023_255_552), ("18446744073709551615", .max),
            ("1.000000000000000 PB", 1_000_000_000_000_000),
        ] as [(String, UInt64)]
    )
    func `reads decimal and binary units exactly`(text: String, bytes: UInt64) {
        #expect(ByteCount(text)?.bytes == bytes)
    }

    @Test(arguments: [
        "", " ", "B", "-1 B", "+1 B", "1 b", "1 gb", "1 GB ", " 1 GB", "1 G", "1 GBit", "1. GB", ".5 GB", "1,5 GB",
        "1e3 B",
        "0.3 KiB", "0.5 B", "18446744073709551616", "18446744073709551616 PiB",
        "99999999999999999999.999999999999999 PiB",
        "16384 PiB", "111111111111111111111", "1.0000000000000000 B", "1 GB/s", "\u{661} GB",
    ])
    func `refuses what is no whole number of bytes`(text: String) {
        #expect(ByteCount(text) == nil)
    }

    @Test(
        arguments: [
            (0, "0 B"), (1, "1 B"), (65_536, "64 KiB"), (300_000_000_000, "300 GB"), (1_572_864, "1536 KiB"),
            (1_024_000, "1000 KiB"), (.max, "18446744073709551615 B"),
        ] as [(UInt64, String)]
    )
    func `prints the shortest exact writing, which reads back`(bytes: UInt64, text: String) {
        #expect(ByteCount(bytes: bytes).description == text)
        #expect(ByteCount(text)?.bytes == bytes)
    }
}
