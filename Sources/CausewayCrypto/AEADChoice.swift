/// Which library seals and opens records.
///
/// `automatic` takes the fastest that the machine has. The others are for tests and comparisons: they never fall back.
public enum AEADChoice: String, CaseIterable, Sendable {
    case automatic
    case openSSL = "openssl"
    case multiBuffer = "multi-buffer"
    case boringSSL = "boringssl"

    /// Why there is no backend.
    public enum Failure: Error, Equatable, CustomStringConvertible {
        /// OpenSSL lacks a cipher or memory.
        case openSSL
        /// Intel's library was asked for by name and cannot be used.
        case multiBuffer(MultiBufferBackend.Unavailable)
        /// BoringSSL was asked for by name and is not there.
        case boringSSL

        public var description: String {
            switch self {
            case .openSSL: "OpenSSL lacks AES-GCM, ChaCha20-Poly1305 or memory"
            case .multiBuffer(let reason): "Intel's multi-buffer library cannot be used: \(reason)"
            case .boringSSL: "this binary was built without BoringSSL"
            }
        }
    }

    /// A fresh backend, for one loop.
    public func make() throws(Failure) -> any AEADBackend {
        switch self {
        case .automatic: return try Self.fastest().choice.make()
        case .openSSL:
            guard let backend = OpenSSLBackend() else { throw .openSSL }
            return backend
        case .multiBuffer:
            do throws(MultiBufferBackend.Unavailable) {
                return try MultiBufferBackend()
            } catch {
                throw .multiBuffer(error)
            }
        case .boringSSL:
            guard let backend = BoringSSLBackend() else { throw .boringSSL }
            return backend
        }
    }

    /// The fastest that this machine has, and where a library that may be missing would be faster still, why it is not
    /// used. Large records decide.
    ///
    /// With AVX-512 that is Intel's library. Without, it is BoringSSL, which alone has code for VAES in registers of 256
    /// bits; and where that is not built, Intel's again, for its speed with small records.
    public static func fastest() -> (choice: AEADChoice, missed: Failure?) {
        if BoringSSLBackend.isBuilt && !MultiBufferBackend.isProcessorWide { return (.boringSSL, nil) }
        do throws(MultiBufferBackend.Unavailable) {
            _ = try MultiBufferBackend()
            return (.multiBuffer, MultiBufferBackend.isProcessorWide ? nil : .boringSSL)
        } catch {
            return (BoringSSLBackend.isBuilt ? .boringSSL : .openSSL, .multiBuffer(error))
        }
    }
}
