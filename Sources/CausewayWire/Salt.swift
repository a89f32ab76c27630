public import CausewayBytes

/// A salt of 16 or 32 bytes held by value; the second half of a short one is zero.
public struct Salt: Sendable, Equatable {
    public var words: InlineArray<4, UInt64>

    /// All zero: no salt.
    public init() {
        self.words = [0, 0, 0, 0]
    }

    /// The salt of `region`, 16 or 32 bytes.
    public init(_ region: ByteRegion) {
        precondition(region.count == 16 || region.count == 32)
        self.words = [0, 0, 0, 0]
        for index in 0..<region.count / 8 { self.words[index] = region.load(at: 8 * index, as: UInt64.self) }
    }

    /// Writes the first `region.count` (16 or 32) bytes.
    public func write(into region: ByteRegion) {
        precondition(region.count == 16 || region.count == 32)
        for index in 0..<region.count / 8 { region.store(self.words[index], at: 8 * index) }
    }

    public static func == (left: Salt, right: Salt) -> Bool {
        (left.words[0] ^ right.words[0]) | (left.words[1] ^ right.words[1]) | (left.words[2] ^ right.words[2])
            | (left.words[3] ^ right.words[3]) == 0
    }
}
