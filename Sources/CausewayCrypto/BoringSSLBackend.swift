import CBoringSSL
public import CausewayBytes

/// AEAD by BoringSSL, which is linked in: the fastest on processors with VAES and without AVX-512, and with a third of
/// OpenSSL's time for small records everywhere, as there is no context to set up.
///
/// Builds without the trait `BoringSSL` do without.
public final class BoringSSLBackend: AEADBackend {
    /// Whether this binary has it.
    public static var isBuilt: Bool { CBoringSSL_is_built() != 0 }

    public let name = "BoringSSL"
    private let keys: ExpandedKeys<AEADAlgorithm>

    /// `nil` where it was not built.
    public init?() {
        guard Self.isBuilt else { return nil }
        self.keys = ExpandedKeys(of: CBoringSSL_context_count())
    }

    public func seal(_ record: ByteRegion, _ algorithm: AEADAlgorithm, key: Subkey, nonce: Nonce) {
        let count = record.count - tagCount
        precondition(count >= 0, "a record has room for its tag")
        let context = self.context(algorithm, key)
        let status = withUnsafeBytes(of: nonce) { nonce in
            CBoringSSL_seal(context, nonce.baseAddress, record.base, count)
        }
        precondition(status == 1, "BoringSSL did not seal a record of \(count) bytes")
    }

    public func open(_ record: ByteRegion, _ algorithm: AEADAlgorithm, key: Subkey, nonce: Nonce) -> Bool {
        guard record.count >= tagCount else { return false }
        let context = self.context(algorithm, key)
        return withUnsafeBytes(of: nonce) { nonce in
            CBoringSSL_open(context, nonce.baseAddress, record.base, record.count - tagCount) == 1
        }
    }

    private func context(_ algorithm: AEADAlgorithm, _ key: Subkey) -> UnsafeRawPointer {
        self.keys.find(algorithm, key) { key, context in
            let status = CBoringSSL_prepare(algorithm.inC, key, context)
            precondition(status == 1, "BoringSSL did not take a key")
        }
    }
}

extension AEADAlgorithm {
    /// As C has it.
    fileprivate var inC: CBoringSSL_algorithm {
        switch self {
        case .aes128GCM: .AES128GCM
        case .aes256GCM: .AES256GCM
        case .chaCha20Poly1305: .chaCha20Poly1305
        }
    }
}
