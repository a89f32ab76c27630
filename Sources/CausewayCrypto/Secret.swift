import COpenSSL

/// Key bytes that are wiped when the last reference goes. Compared in constant time; never printed.
public final class Secret: Sendable {
    // Safe: written once in `init`, wiped in `deinit`, only read between.
    private nonisolated(unsafe) let storage: UnsafeMutableRawBufferPointer

    /// A copy of `bytes`; the caller's own copy is the caller's to forget.
    public init(_ bytes: [UInt8]) {
        self.storage = .allocate(byteCount: bytes.count, alignment: 16)
        self.storage.copyBytes(from: bytes)
    }

    deinit {
        OPENSSL_cleanse(self.storage.baseAddress, self.storage.count)
        self.storage.deallocate()
    }

    public var count: Int { self.storage.count }

    /// Lends the bytes for the length of `body`; they must not be changed or kept.
    public func withBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(UnsafeRawBufferPointer(self.storage))
    }

    /// The key of 16 or 32 bytes, as ciphers take it.
    public var subkey: Subkey { Subkey(UnsafeRawBufferPointer(self.storage)) }
}

extension Secret: Equatable {
    /// Whether the bytes are the same, in a time that depends on their number alone.
    public static func == (left: Secret, right: Secret) -> Bool {
        left.count == right.count
            && CRYPTO_memcmp(left.storage.baseAddress, right.storage.baseAddress, left.count) == 0
    }
}

extension Secret: CustomStringConvertible {
    public var description: String { "<secret of \(self.count) bytes>" }
}
