import Glibc

/// The bytes of all transfers: one block, repeated without end, the same in every run.
public final class Payload: Sendable {
    /// The length of the block.
    public static let size = 1 << 20
    /// The most that one call sends: large enough that calls cost nothing, small enough for the second-level cache.
    /// (Sending from the pages of a memory file with sendfile(2) was tried: the same CPU time per byte.)
    private static let part = 256 << 10

    let bytes: [UInt8]

    public init() {
        var state: UInt64 = 0x9E37_79B9_7F4A_7C15
        self.bytes = (0..<Payload.size).map { _ in
            // Xorshift: incompressible.
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return UInt8(truncatingIfNeeded: state)
        }
    }

    /// Gives the bytes that stand at an offset of the endless repetition, as many as one call should send.
    func withPart<Result>(from offset: Int, _ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        let start = offset % Payload.size
        let end = min(start + Payload.part, Payload.size)
        return self.bytes.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[start..<end])) }
    }

    /// Whether the bytes are those that stand at an offset of the endless repetition.
    func matches(_ received: UnsafeRawBufferPointer, at offset: Int) -> Bool {
        self.bytes.withUnsafeBytes { block in
            var done = 0
            while done < received.count {
                let start = (offset + done) % Payload.size
                let count = min(Payload.size - start, received.count - done)
                let part = UnsafeRawBufferPointer(rebasing: received[done..<done + count])
                let expected = UnsafeRawBufferPointer(rebasing: block[start..<start + count])
                guard let part = part.baseAddress, let expected = expected.baseAddress else { return false }
                guard memcmp(part, expected, count) == 0 else { return false }
                done += count
            }
            return true
        }
    }
}
