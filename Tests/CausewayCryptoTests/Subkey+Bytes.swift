import CausewayCrypto

extension Subkey {
    /// The first `count` bytes.
    func bytes(_ count: Int) -> [UInt8] {
        self.withBytes { Array(UnsafeRawBufferPointer(start: $0, count: count)) }
    }

    /// The key of 16 or 32 bytes.
    init(_ bytes: [UInt8]) {
        self = bytes.withUnsafeBytes { Subkey($0) }
    }
}
