import COpenSSL
public import CausewayBytes

/// AEAD through OpenSSL's EVP interface.
///
/// Setting a key costs more than sealing a small record, so expanded keys are kept in a small direct-mapped cache: a
/// busy session finds its context again, an idle one costs nothing.
public final class OpenSSLBackend: AEADBackend {
    private struct Entry {
        var context: OpaquePointer
        var key: Subkey
        var algorithm: AEADAlgorithm?
    }

    private static let entryCount = 64

    public let name = "OpenSSL"
    private let ciphers: (aes128GCM: OpaquePointer, aes256GCM: OpaquePointer, chaCha20Poly1305: OpaquePointer)
    // Safe: allocated in `init`, freed in `deinit`, reached from the owning loop alone.
    private let entries: UnsafeMutablePointer<Entry>

    /// `nil` when OpenSSL has not all three ciphers or no memory.
    public init?() {
        guard let aes128GCM = EVP_CIPHER_fetch(nil, "AES-128-GCM", nil) else { return nil }
        guard let aes256GCM = EVP_CIPHER_fetch(nil, "AES-256-GCM", nil) else {
            EVP_CIPHER_free(aes128GCM)
            return nil
        }
        guard let chaCha20Poly1305 = EVP_CIPHER_fetch(nil, "ChaCha20-Poly1305", nil) else {
            EVP_CIPHER_free(aes128GCM)
            EVP_CIPHER_free(aes256GCM)
            return nil
        }
        self.ciphers = (aes128GCM, aes256GCM, chaCha20Poly1305)
        self.entries = .allocate(capacity: Self.entryCount)
        for index in 0..<Self.entryCount {
            guard let context = EVP_CIPHER_CTX_new() else { preconditionFailure("no memory for a cipher context") }
            (self.entries + index).initialize(to: Entry(context: context, key: Subkey(), algorithm: nil))
        }
    }

    deinit {
        for index in 0..<Self.entryCount { EVP_CIPHER_CTX_free(self.entries[index].context) }
        self.entries.deinitialize(count: Self.entryCount)
        self.entries.deallocate()
        EVP_CIPHER_free(self.ciphers.aes128GCM)
        EVP_CIPHER_free(self.ciphers.aes256GCM)
        EVP_CIPHER_free(self.ciphers.chaCha20Poly1305)
    }

    public func seal(_ record: ByteRegion, _ algorithm: AEADAlgorithm, key: Subkey, nonce: Nonce) {
        let context = self.context(algorithm, key)
        let count = CInt(record.count - tagCount)
        let status = withUnsafeBytes(of: nonce) { nonce in
            COpenSSL_seal(context, nonce.baseAddress, record.base, count)
        }
        precondition(status == 1, "OpenSSL did not seal a record of \(count) bytes")
    }

    public func open(_ record: ByteRegion, _ algorithm: AEADAlgorithm, key: Subkey, nonce: Nonce) -> Bool {
        guard record.count >= tagCount else { return false }
        let context = self.context(algorithm, key)
        let count = CInt(record.count - tagCount)
        return withUnsafeBytes(of: nonce) { nonce in
            COpenSSL_open(context, nonce.baseAddress, record.base, count) == 1
        }
    }

    private func context(_ algorithm: AEADAlgorithm, _ key: Subkey) -> OpaquePointer {
        // A subkey is the output of a hash: any of its bits are a good index.
        let entry = self.entries + Int(truncatingIfNeeded: key.words[0] % UInt64(Self.entryCount))
        if entry.pointee.algorithm == algorithm, entry.pointee.key.isSame(as: key) { return entry.pointee.context }
        let cipher =
            switch algorithm {
            case .aes128GCM: self.ciphers.aes128GCM
            case .aes256GCM: self.ciphers.aes256GCM
            case .chaCha20Poly1305: self.ciphers.chaCha20Poly1305
            }
        let status = key.withBytes { key in COpenSSL_setKey(entry.pointee.context, cipher, key) }
        precondition(status == 1, "OpenSSL did not take a key")
        entry.pointee.key = key
        entry.pointee.algorithm = algorithm
        return entry.pointee.context
    }
}
