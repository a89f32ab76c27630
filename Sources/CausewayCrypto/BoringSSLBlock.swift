import CBoringSSL
public import CausewayBytes

/// The bare AES block cipher by BoringSSL, which has nothing around a block; OpenSSL's EVP interface has more of that than
/// the block itself takes.
public final class BoringSSLBlock: AESBlock {
    private struct Kind: Equatable {
        var keyCount: Int
        var encrypts: Bool
    }

    private let keys: ExpandedKeys<Kind>

    /// `nil` where it was not built.
    public init?() {
        guard BoringSSLBackend.isBuilt else { return nil }
        self.keys = ExpandedKeys(of: CBoringSSL_block_key_count())
    }

    public func encrypt(_ block: ByteRegion, key: Subkey, keyCount: Int) {
        precondition(block.count == 16 && (keyCount == 16 || keyCount == 32))
        CBoringSSL_encrypt_block(self.expanded(key, Kind(keyCount: keyCount, encrypts: true)), block.base)
    }

    public func decrypt(_ block: ByteRegion, key: Subkey, keyCount: Int) {
        precondition(block.count == 16 && (keyCount == 16 || keyCount == 32))
        CBoringSSL_decrypt_block(self.expanded(key, Kind(keyCount: keyCount, encrypts: false)), block.base)
    }

    private func expanded(_ key: Subkey, _ kind: Kind) -> UnsafeRawPointer {
        self.keys.find(kind, key) { key, expanded in
            let status = CBoringSSL_prepare_block(key, kind.keyCount, kind.encrypts ? 1 : 0, expanded)
            precondition(status == 1, "BoringSSL took no AES key of \(kind.keyCount) bytes")
        }
    }
}
