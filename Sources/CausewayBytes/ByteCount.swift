/// A number of bytes, written with a decimal or binary unit: `300 GB`, `64 KiB`, `1.5 MiB`, or as a bare number.
public struct ByteCount: Hashable, Comparable, Sendable {
    public var bytes: UInt64

    @inlinable
    public init(bytes: UInt64) {
        self.bytes = bytes
    }

    @inlinable
    public static func < (left: ByteCount, right: ByteCount) -> Bool { left.bytes < right.bytes }
}

extension ByteCount: CustomStringConvertible {
    /// Decimal units first, so that they are the ones printed where a binary unit would be as short. `KB` is read as
    /// the kB it is mostly meant to be; only `KiB` is 1024.
    private static let units: [Quantity.Unit] = [
        ("B", 1), ("kB", 1_000), ("MB", 1_000_000), ("GB", 1_000_000_000), ("TB", 1_000_000_000_000),
        ("PB", 1_000_000_000_000_000), ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("TiB", 1 << 40),
        ("PiB", 1 << 50), ("KB", 1_000), ("", 1),
    ]

    /// The count written as text; `nil` for anything else, for a part of a byte and for more than 64 bits.
    public init?(_ text: some StringProtocol) {
        guard let bytes = Quantity.parse(text, units: Self.units) else { return nil }
        self.init(bytes: bytes)
    }

    /// The shortest exact writing, which reads back as the same count.
    public var description: String { Quantity.text(self.bytes, units: Self.units) }
}
