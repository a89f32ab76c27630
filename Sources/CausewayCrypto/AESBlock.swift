import COpenSSL
public import CausewayBytes

/// The bare AES block cipher, for identity headers and UDP headers. One instance belongs to one loop.
public final class AESBlock {
    private let context: OpaquePointer
    private let aes128: OpaquePointer
    private let aes256: OpaquePointer

    /// `nil` when OpenSSL has no AES or no memory.
    public init?() {
        guard let aes128 = EVP_CIPHER_fetch(nil, "AES-128-ECB", nil) else { return nil }
        guard let aes256 = EVP_CIPHER_fetch(nil, "AES-256-ECB", nil) else {
            EVP_CIPHER_free(aes128)
            return nil
        }
        guard let context = EVP_CIPHER_CTX_new() else {
            EVP_CIPHER_free(aes128)
            EVP_CIPHER_free(aes256)
            return nil
        }
        self.aes128 = aes128
        self.aes256 = aes256
        self.context = context
    }

    deinit {
        EVP_CIPHER_CTX_free(self.context)
        EVP_CIPHER_free(self.aes128)
        EVP_CIPHER_free(self.aes256)
    }

    /// Encrypts the 16 bytes of `block` in place with the first `keyCount` (16 or 32) bytes of `key`.
    public func encrypt(_ block: ByteRegion, key: Subkey, keyCount: Int) {
        self.run(block, key: key, keyCount: keyCount, encrypt: 1)
    }

    /// Decrypts the 16 bytes of `block` in place with the first `keyCount` (16 or 32) bytes of `key`.
    public func decrypt(_ block: ByteRegion, key: Subkey, keyCount: Int) {
        self.run(block, key: key, keyCount: keyCount, encrypt: 0)
    }

    private func run(_ block: ByteRegion, key: Subkey, keyCount: Int, encrypt: CInt) {
        precondition(block.count == 16 && (keyCount == 16 || keyCount == 32))
        let cipher = keyCount == 16 ? self.aes128 : self.aes256
        let status = key.withBytes { key in COpenSSL_block(self.context, cipher, key, block.base, encrypt) }
        precondition(status == 1, "OpenSSL did not run an AES block")
    }
}
