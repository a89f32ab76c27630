/// A rate in bits per second, written with a decimal unit: `100 Mbit/s`.
public struct BitRate: Hashable, Comparable, Sendable {
    public var bitsPerSecond: UInt64

    @inlinable
    public init(bitsPerSecond: UInt64) {
        self.bitsPerSecond = bitsPerSecond
    }

    /// The whole bytes of payload that the rate lets through in a second.
    @inlinable
    public var bytesPerSecond: UInt64 { self.bitsPerSecond / 8 }

    @inlinable
    public static func < (left: BitRate, right: BitRate) -> Bool { left.bitsPerSecond < right.bitsPerSecond }
}

extension BitRate: CustomStringConvertible {
    private static let units: [Quantity.Unit] = [
        ("bit/s", 1), ("kbit/s", 1_000), ("Mbit/s", 1_000_000), ("Gbit/s", 1_000_000_000),
        ("Tbit/s", 1_000_000_000_000),
    ]

    /// The rate written as text. A unit is required: a bare number might be bits or bytes. `nil` for anything else,
    /// for a part of a bit and for more than 64 bits.
    public init?(_ text: some StringProtocol) {
        guard let bits = Quantity.parse(text, units: Self.units) else { return nil }
        self.init(bitsPerSecond: bits)
    }

    /// The shortest exact writing, which reads back as the same rate.
    public var description: String { Quantity.text(self.bitsPerSecond, units: Self.units) }
}
