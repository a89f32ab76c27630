/// The compression function of BLAKE3 (the BLAKE3 paper, section 2.2), which is all that Shadowsocks 2022 needs: its
/// contexts are constants and its key material fits one block.
public enum BLAKE3 {
    /// Eight words: a chaining value, or 32 bytes of output.
    public typealias ChainingValue = InlineArray<8, UInt32>
    /// Sixteen little-endian words: 64 bytes of input, or of extended output.
    public typealias Block = InlineArray<16, UInt32>

    /// The domain flags of section 2.1.
    public struct Flags: OptionSet, Sendable {
        public let rawValue: UInt32

        public init(rawValue: UInt32) {
            self.rawValue = rawValue
        }

        public static let chunkStart = Flags(rawValue: 1)
        public static let chunkEnd = Flags(rawValue: 2)
        public static let parent = Flags(rawValue: 4)
        public static let root = Flags(rawValue: 8)
        public static let keyedHash = Flags(rawValue: 16)
        public static let deriveKeyContext = Flags(rawValue: 32)
        public static let deriveKeyMaterial = Flags(rawValue: 64)
    }

    /// The initial value of plain hashing.
    public static let initialValue: ChainingValue = [
        0x6A09_E667, 0xBB67_AE85, 0x3C6E_F372, 0xA54F_F53A, 0x510E_527F, 0x9B05_688C, 0x1F83_D9AB, 0x5BE0_CD19,
    ]

    /// Compresses one block; the first eight words of the result are the next chaining value.
    public static func compress(
        _ chainingValue: ChainingValue,
        _ block: Block,
        counter: UInt64,
        byteCount: Int,
        flags: Flags
    ) -> Block {
        // The state is a 4 × 4 matrix held by rows, so that one step mixes its four columns at once.
        var a = SIMD4(chainingValue[0], chainingValue[1], chainingValue[2], chainingValue[3])
        var b = SIMD4(chainingValue[4], chainingValue[5], chainingValue[6], chainingValue[7])
        var c = SIMD4(Self.initialValue[0], Self.initialValue[1], Self.initialValue[2], Self.initialValue[3])
        var d = SIMD4(
            UInt32(truncatingIfNeeded: counter),
            UInt32(truncatingIfNeeded: counter >> 32),
            UInt32(truncatingIfNeeded: byteCount),
            flags.rawValue
        )
        var words = block
        for round in 0..<7 {
            Self.mix(&a, &b, &c, &d, SIMD4(words[0], words[2], words[4], words[6]), 16, 12)
            Self.mix(&a, &b, &c, &d, SIMD4(words[1], words[3], words[5], words[7]), 8, 7)
            // Rotating the rows against each other turns the diagonals into columns.
            b = SIMD4(b.y, b.z, b.w, b.x)
            c = SIMD4(c.z, c.w, c.x, c.y)
            d = SIMD4(d.w, d.x, d.y, d.z)
            Self.mix(&a, &b, &c, &d, SIMD4(words[8], words[10], words[12], words[14]), 16, 12)
            Self.mix(&a, &b, &c, &d, SIMD4(words[9], words[11], words[13], words[15]), 8, 7)
            b = SIMD4(b.w, b.x, b.y, b.z)
            c = SIMD4(c.z, c.w, c.x, c.y)
            d = SIMD4(d.y, d.z, d.w, d.x)
            if round < 6 { words = Self.permuted(words) }
        }
        let low = (a ^ c, b ^ d)
        let high = (
            c ^ SIMD4(chainingValue[0], chainingValue[1], chainingValue[2], chainingValue[3]),
            d ^ SIMD4(chainingValue[4], chainingValue[5], chainingValue[6], chainingValue[7])
        )
        return [
            low.0.x, low.0.y, low.0.z, low.0.w, low.1.x, low.1.y, low.1.z, low.1.w,
            high.0.x, high.0.y, high.0.z, high.0.w, high.1.x, high.1.y, high.1.z, high.1.w,
        ]
    }

    /// Half of the quarter round, on four columns: `left` and `right` are the two right rotations.
    @inline(__always)
    private static func mix(
        _ a: inout SIMD4<UInt32>,
        _ b: inout SIMD4<UInt32>,
        _ c: inout SIMD4<UInt32>,
        _ d: inout SIMD4<UInt32>,
        _ message: SIMD4<UInt32>,
        _ first: UInt32,
        _ second: UInt32
    ) {
        a = a &+ b &+ message
        d ^= a
        d = d &>> SIMD4(repeating: first) | d &<< SIMD4(repeating: 32 - first)
        c = c &+ d
        b ^= c
        b = b &>> SIMD4(repeating: second) | b &<< SIMD4(repeating: 32 - second)
    }

    /// The message permutation between rounds (table 2 of the paper).
    @inline(__always)
    private static func permuted(_ words: Block) -> Block {
        [
            words[2], words[6], words[3], words[10], words[7], words[0], words[4], words[13],
            words[1], words[11], words[12], words[5], words[9], words[14], words[15], words[8],
        ]
    }
}
