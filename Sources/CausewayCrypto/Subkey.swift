/// A key of 16 or 32 bytes that lives for one session and direction, held by value.
///
/// A session keeps only this: cipher contexts are expanded from it when needed. It does not wipe itself, being copied
/// freely; the session overwrites it with `Subkey()` when it ends.
public struct Subkey: Sendable {
    /// The bytes in memory order; the second half is zero for 16-byte keys.
    public var words: InlineArray<4, UInt64>

    /// All zero: no key.
    public init() {
        self.words = [0, 0, 0, 0]
    }

    /// The first `count` bytes (16 or 32) of a hash's output.
    public init(_ output: BLAKE3.Block, count: Int) {
        precondition(count == 16 || count == 32)
        self.words = [0, 0, 0, 0]
        for index in 0..<count / 8 {
            let word = UInt64(output[2 * index]) | UInt64(output[2 * index + 1]) << 32
            self.words[index] = UInt64(littleEndian: word)
        }
    }

    /// The key of `bytes`, 16 or 32 of them.
    public init(_ bytes: UnsafeRawBufferPointer) {
        precondition(bytes.count == 16 || bytes.count == 32)
        self.words = [0, 0, 0, 0]
        for index in 0..<bytes.count / 8 {
            self.words[index] = bytes.loadUnaligned(fromByteOffset: 8 * index, as: UInt64.self)
        }
    }

    /// Lends the 32 bytes for the length of `body`.
    @inline(__always)
    public func withBytes<Result>(_ body: (UnsafeRawPointer) -> Result) -> Result {
        withUnsafeBytes(of: self.words) { bytes in
            // Safe: the storage of four words is never empty.
            body(bytes.baseAddress.unsafelyUnwrapped)
        }
    }

    @inline(__always)
    func isSame(as other: Subkey) -> Bool {
        (self.words[0] ^ other.words[0]) | (self.words[1] ^ other.words[1]) | (self.words[2] ^ other.words[2])
            | (self.words[3] ^ other.words[3]) == 0
    }
}
