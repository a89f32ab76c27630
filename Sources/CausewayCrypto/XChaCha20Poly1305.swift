import CSodium
public import CausewayBytes

/// The AEAD of the ChaCha method's datagrams (draft-irtf-cfrg-xchacha), whose nonce is long enough to be random: no
/// associated data, a tag of 16 bytes.
public enum XChaCha20Poly1305 {
    /// Bytes of a nonce.
    public static let nonceCount = 24

    /// Makes libsodium choose the fastest code that the processor has. It works without, too.
    private static let isReady = sodium_init() >= 0

    /// Encrypts all but the last 16 bytes of `record` and puts the tag there.
    ///
    /// - Parameters:
    ///   - key: of 32 bytes.
    ///   - nonce: of ``nonceCount`` bytes.
    public static func seal(_ record: ByteRegion, key: Secret, nonce: ByteRegion) {
        precondition(key.count == 32 && nonce.count == self.nonceCount && record.count >= tagCount)
        _ = self.isReady
        let count = record.count - tagCount
        key.withBytes { key in
            guard let key = key.baseAddress else { return }
            _ = crypto_aead_xchacha20poly1305_ietf_encrypt_detached(
                record.base,
                record.base + count,
                nil,
                record.base,
                UInt64(count),
                nil,
                0,
                nil,
                nonce.base,
                key
            )
        }
    }

    /// Decrypts all but the last 16 bytes of `record`, which are the tag. `false`, and the bytes are worthless, when it
    /// does not fit.
    public static func open(_ record: ByteRegion, key: Secret, nonce: ByteRegion) -> Bool {
        precondition(key.count == 32 && nonce.count == self.nonceCount)
        guard record.count >= tagCount else { return false }
        _ = self.isReady
        let count = record.count - tagCount
        return key.withBytes { key in
            guard let key = key.baseAddress else { return false }
            return crypto_aead_xchacha20poly1305_ietf_decrypt_detached(
                record.base,
                nil,
                record.base,
                UInt64(count),
                record.base + count,
                nil,
                0,
                nonce.base,
                key
            ) == 0
        }
    }
}
