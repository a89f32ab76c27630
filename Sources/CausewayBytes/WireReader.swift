/// Reads wire fields in order from a region; a field that is not wholly there is `nil` and consumes nothing.
public struct WireReader {
    public let region: ByteRegion
    public private(set) var offset = 0

    public init(_ region: ByteRegion) {
        self.region = region
    }

    /// Bytes not yet read.
    public var remaining: Int { self.region.count - self.offset }

    /// The next big-endian integer.
    @inlinable
    public mutating func read<Integer: FixedWidthInteger & BitwiseCopyable>(_: Integer.Type) -> Integer? {
        guard let field = self.readBytes(MemoryLayout<Integer>.size) else { return nil }
        return field.load(at: 0, as: Integer.self)
    }

    /// The next `count` bytes.
    public mutating func readBytes(_ count: Int) -> ByteRegion? {
        guard count >= 0, count <= self.remaining else { return nil }
        defer { self.offset += count }
        return self.region.region(self.offset..<self.offset + count)
    }

    /// All that is left.
    public mutating func readRemaining() -> ByteRegion {
        defer { self.offset = self.region.count }
        return self.region.suffix(from: self.offset)
    }
}
