import CMultiBuffer
public import CausewayBytes

/// AES-GCM through Intel's multi-buffer library, where the machine has the library: the fastest on processors with
/// AVX-512. ChaCha20-Poly1305, which gains nothing there, stays with OpenSSL.
///
/// The library is looked for at run time, once per process; the build only needs its header.
public final class MultiBufferBackend: AEADBackend {
    /// Why it cannot be used here.
    public enum Unavailable: Error, Equatable, CustomStringConvertible {
        case notBuilt
        case slowProcessor
        case notInstalled
        case otherVersion(String)
        case faulty
        /// OpenSSL, which has a part in it, does not start.
        case noOpenSSL

        public var description: String {
            switch self {
            case .notBuilt: "this binary was built without it"
            case .slowProcessor: "the processor lacks AES or AVX2"
            case .notInstalled: "libIPSec_MB.so.1 is not installed"
            case .otherVersion(let version): "version \(version) is not the one that this binary was built for"
            case .faulty: "the library does not initialise or fails its own test"
            case .noOpenSSL: "OpenSSL does not start"
            }
        }
    }

    public let name: String
    private let openSSL: OpenSSLBackend
    private let keys: ExpandedKeys<AEADAlgorithm>

    /// Whether the processor has the wide registers that the library makes the most of.
    public static var isProcessorWide: Bool { CMultiBuffer_is_processor_wide() != 0 }

    public init() throws(Unavailable) {
        switch CMultiBuffer_load() {
        case .ready: break
        case .notBuilt: throw .notBuilt
        case .slowProcessor: throw .slowProcessor
        case .notInstalled: throw .notInstalled
        case .otherVersion: throw .otherVersion(Self.version)
        case .faulty: throw .faulty
        }
        guard let openSSL = OpenSSLBackend() else { throw .noOpenSSL }
        self.openSSL = openSSL
        self.name = "Intel multi-buffer \(Self.version)"
        self.keys = ExpandedKeys(of: CMultiBuffer_expanded_count())
    }

    public func seal(_ record: ByteRegion, _ algorithm: AEADAlgorithm, key: Subkey, nonce: Nonce) {
        let count = record.count - tagCount
        precondition(count >= 0, "a record has room for its tag")
        switch algorithm {
        case .aes128GCM, .aes256GCM:
            let expanded = self.expanded(algorithm, key)
            withUnsafeBytes(of: nonce) { nonce in
                CMultiBuffer_seal(algorithm.isWide, expanded, nonce.baseAddress, record.base, count)
            }
        case .chaCha20Poly1305: self.openSSL.seal(record, algorithm, key: key, nonce: nonce)
        }
    }

    public func open(_ record: ByteRegion, _ algorithm: AEADAlgorithm, key: Subkey, nonce: Nonce) -> Bool {
        guard record.count >= tagCount else { return false }
        switch algorithm {
        case .aes128GCM, .aes256GCM:
            let expanded = self.expanded(algorithm, key)
            return withUnsafeBytes(of: nonce) { nonce in
                CMultiBuffer_open(algorithm.isWide, expanded, nonce.baseAddress, record.base, record.count - tagCount)
                    != 0
            }
        case .chaCha20Poly1305: return self.openSSL.open(record, algorithm, key: key, nonce: nonce)
        }
    }

    private static var version: String {
        // Safe: a constant of the process.
        String(cString: CMultiBuffer_version())
    }

    private func expanded(_ algorithm: AEADAlgorithm, _ key: Subkey) -> UnsafeRawPointer {
        self.keys.find(algorithm, key) { key, expanded in CMultiBuffer_expand(algorithm.isWide, key, expanded) }
    }
}

extension AEADAlgorithm {
    /// Whether its key has 32 bytes, as C has it.
    fileprivate var isWide: CInt { self == .aes128GCM ? 0 : 1 }
}
