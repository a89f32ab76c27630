public import CausewayCrypto

/// The AEAD backends. Every test of a cipher is parameterised over those that this machine can run, so that each passes
/// the same vectors.
public enum Backend: String, Sendable, CustomStringConvertible {
    case openSSL = "OpenSSL"
    case multiBuffer = "Intel multi-buffer"

    /// The backends that this machine can run. `AEADChoiceTests` says loudly when that is not all of them.
    public static let available: [Backend] = multiBufferObstacle == nil ? [.openSSL, .multiBuffer] : [.openSSL]

    /// Why this machine cannot run Intel's library; `nil` where it can.
    public static let multiBufferObstacle: MultiBufferBackend.Unavailable? = {
        do throws(MultiBufferBackend.Unavailable) {
            _ = try MultiBufferBackend()
            return nil
        } catch {
            return error
        }
    }()

    /// A fresh instance.
    public func make() throws -> any AEADBackend {
        switch self {
        case .openSSL: try AEADChoice.openSSL.make()
        case .multiBuffer: try AEADChoice.multiBuffer.make()
        }
    }

    public var description: String { self.rawValue }
}
