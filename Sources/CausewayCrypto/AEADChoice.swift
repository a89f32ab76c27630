/// Which library seals and opens records.
///
/// `automatic` takes the fastest that the machine has. The others are for tests and comparisons: they never fall back.
public enum AEADChoice: String, CaseIterable, Sendable {
    case automatic
    case openSSL = "openssl"
    case multiBuffer = "multi-buffer"

    /// Why there is no backend.
    public enum Failure: Error, Equatable, CustomStringConvertible {
        /// OpenSSL lacks a cipher or memory.
        case openSSL
        /// Intel's library was asked for by name and cannot be used.
        case multiBuffer(MultiBufferBackend.Unavailable)

        public var description: String {
            switch self {
            case .openSSL: "OpenSSL lacks AES-GCM, ChaCha20-Poly1305 or memory"
            case .multiBuffer(let reason): "Intel's multi-buffer library cannot be used: \(reason)"
            }
        }
    }

    /// A fresh backend, for one loop.
    public func make() throws(Failure) -> any AEADBackend {
        switch self {
        case .automatic:
            if let backend = try? MultiBufferBackend() { return backend }
            return try Self.openSSL.make()
        case .openSSL:
            guard let backend = OpenSSLBackend() else { throw .openSSL }
            return backend
        case .multiBuffer:
            do throws(MultiBufferBackend.Unavailable) {
                return try MultiBufferBackend()
            } catch {
                throw .multiBuffer(error)
            }
        }
    }
}
