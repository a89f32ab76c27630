import COpenSSL
public import CausewayBytes

/// The bare AES block cipher through OpenSSL's EVP interface.
///
/// Setting a key costs ten times what a block does, and most blocks of datagrams are under few keys: expanded ones are
/// kept in a small direct-mapped cache.
public final class OpenSSLBlock: AESBlock {
    private struct Entry {
        var context: OpaquePointer
        var key = Subkey()
        /// Bytes of the key; 0 while the entry holds none.
        var keyCount = 0
    }

    private static let entryCount = 32

    private let aes128: OpaquePointer
    private let aes256: OpaquePointer
    // Safe: allocated in `init`, reached from the owning loop alone.
    private let entries: UnsafeMutablePointer<Entry>

    /// `nil` when OpenSSL has no AES or no memory.
    public init?() {
        guard let aes128 = EVP_CIPHER_fetch(nil, "AES-128-ECB", nil) else { return nil }
        guard let aes256 = EVP_CIPHER_fetch(nil, "AES-256-ECB", nil) else {
            EVP_CIPHER_free(aes128)
            return nil
        }
        let contexts = (0..<Self.entryCount).compactMap { _ in EVP_CIPHER_CTX_new() }
        guard contexts.count == Self.entryCount else {
            for context in contexts { EVP_CIPHER_CTX_free(context) }
            EVP_CIPHER_free(aes128)
            EVP_CIPHER_free(aes256)
            return nil
        }
        self.aes128 = aes128
        self.aes256 = aes256
        self.entries = .allocate(capacity: Self.entryCount)
        for (index, context) in contexts.enumerated() { (self.entries + index).initialize(to: Entry(context: context)) }
    }

    deinit {
        for index in 0..<Self.entryCount { EVP_CIPHER_CTX_free(self.entries[index].context) }
        OPENSSL_cleanse(self.entries, Self.entryCount * MemoryLayout<Entry>.stride)
        self.entries.deallocate()
        EVP_CIPHER_free(self.aes128)
        EVP_CIPHER_free(self.aes256)
    }

    public func encrypt(_ block: ByteRegion, key: Subkey, keyCount: Int) {
        self.run(block, key: key, keyCount: keyCount, isEncrypting: true)
    }

    public func decrypt(_ block: ByteRegion, key: Subkey, keyCount: Int) {
        self.run(block, key: key, keyCount: keyCount, isEncrypting: false)
    }

    private func run(_ block: ByteRegion, key: Subkey, keyCount: Int, isEncrypting: Bool) {
        precondition(block.count == 16 && (keyCount == 16 || keyCount == 32))
        let status = COpenSSL_block(self.context(key, keyCount, isEncrypting), block.base)
        precondition(status == 1, "OpenSSL did not run an AES block")
    }

    private func context(_ key: Subkey, _ keyCount: Int, _ isEncrypting: Bool) -> OpaquePointer {
        // Keys are random; the two directions of one lie side by side, and an entry never changes its direction.
        let pair = Int(truncatingIfNeeded: key.words[0] % UInt64(Self.entryCount / 2))
        let entry = self.entries + (2 * pair + (isEncrypting ? 1 : 0))
        if entry.pointee.keyCount == keyCount, entry.pointee.key.isSame(as: key) { return entry.pointee.context }
        let status = key.withBytes { key in
            COpenSSL_setBlockKey(
                entry.pointee.context,
                keyCount == 16 ? self.aes128 : self.aes256,
                key,
                isEncrypting ? 1 : 0
            )
        }
        precondition(status == 1, "OpenSSL did not take a key")
        entry.pointee.key = key
        entry.pointee.keyCount = keyCount
        return entry.pointee.context
    }
}
