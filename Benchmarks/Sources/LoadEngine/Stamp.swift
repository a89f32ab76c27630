/// What the payload of every datagram begins with: whose it is, which one, and whether it counts.
public struct Stamp: Equatable, Sendable {
    /// The length of a stamp, in bytes.
    public static let size = 8
    private static let numberBits = 48

    /// Whether it was sent in the span that is measured.
    public var counts: Bool
    /// The association that it was sent through, below 32768.
    public var association: Int
    /// Its place among those of the association.
    public var number: Int

    public init(counts: Bool, association: Int, number: Int) {
        self.counts = counts
        self.association = association
        self.number = number
    }

    init(word: UInt64) {
        self.counts = word >> 63 == 1
        self.association = Int(word >> UInt64(Self.numberBits) & 0x7FFF)
        self.number = Int(word & (1 << UInt64(Self.numberBits) - 1))
    }

    /// Reads the stamp of a payload; `nil` when it is too short for one.
    public init?(of payload: UnsafeRawBufferPointer) {
        guard payload.count >= Self.size else { return nil }
        self.init(word: UInt64(bigEndian: payload.loadUnaligned(as: UInt64.self)))
    }

    var word: UInt64 {
        (self.counts ? 1 : 0) << 63 | UInt64(self.association) << UInt64(Self.numberBits) | UInt64(self.number)
    }
}
