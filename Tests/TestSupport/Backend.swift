public import CausewayCrypto

/// The AEAD backends that this machine can run. Every test of a cipher is parameterised over them, so that a second one
/// passes the same vectors as the first.
public enum Backend: String, CaseIterable, Sendable, CustomStringConvertible {
    case openSSL = "OpenSSL"

    /// That a backend's library is there but did not start.
    public struct Missing: Error {
        public let backend: Backend
    }

    /// A fresh instance.
    public func make() throws -> any AEADBackend {
        switch self {
        case .openSSL:
            guard let backend = OpenSSLBackend() else { throw Missing(backend: self) }
            return backend
        }
    }

    public var description: String { self.rawValue }
}
