import CMultiBuffer
import COpenSSL
public import CausewayBytes

/// AES-GCM through Intel's multi-buffer library, where the machine has the library and a processor that makes it worth
/// it. ChaCha20-Poly1305, which gains nothing there, stays with OpenSSL.
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

    /// Whose expanded key lies at a place of the cache.
    private struct Owner {
        var key: Subkey
        var algorithm: AEADAlgorithm?
    }

    /// An expanded key is 1 KiB: so many stay in the processor's second cache beside the data.
    private static let entryCount = 64
    /// The library loads round keys a register at a time.
    private static let alignment = 64

    public let name: String
    private let openSSL: OpenSSLBackend
    // Safe: both allocated in `init`, freed in `deinit`, reached from the owning loop alone.
    private let owners: UnsafeMutablePointer<Owner>
    private let keys: UnsafeMutableRawPointer
    private let stride: Int

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
        self.stride = (CMultiBuffer_expanded_count() + Self.alignment - 1) / Self.alignment * Self.alignment
        self.owners = .allocate(capacity: Self.entryCount)
        self.owners.initialize(repeating: Owner(key: Subkey(), algorithm: nil), count: Self.entryCount)
        self.keys = .allocate(byteCount: Self.entryCount * self.stride, alignment: Self.alignment)
    }

    deinit {
        for index in 0..<Self.entryCount where self.owners[index].algorithm != nil {
            OPENSSL_cleanse(self.keys + index * self.stride, self.stride)
        }
        OPENSSL_cleanse(self.owners, Self.entryCount * MemoryLayout<Owner>.stride)
        self.owners.deallocate()
        self.keys.deallocate()
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
        // A subkey is the output of a hash: any of its bits are a good index.
        let index = Int(truncatingIfNeeded: key.words[0] % UInt64(Self.entryCount))
        let owner = self.owners + index
        let expanded = self.keys + index * self.stride
        if owner.pointee.algorithm == algorithm, owner.pointee.key.isSame(as: key) { return UnsafeRawPointer(expanded) }
        key.withBytes { key in CMultiBuffer_expand(algorithm.isWide, key, expanded) }
        owner.pointee.key = key
        owner.pointee.algorithm = algorithm
        return UnsafeRawPointer(expanded)
    }
}

extension AEADAlgorithm {
    /// Whether its key has 32 bytes, as C has it.
    fileprivate var isWide: CInt { self == .aes128GCM ? 0 : 1 }
}
