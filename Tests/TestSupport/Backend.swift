public import CausewayCrypto

/// The AEAD backends. Every test of a cipher is parameterised over those that this machine can run, so that each passes
/// the same vectors.
public enum Backend: String, CaseIterable, Sendable, CustomStringConvertible {
    case openSSL = "OpenSSL"
    case multiBuffer = "Intel multi-buffer"
    case boringSSL = "BoringSSL"

    /// The backends that this machine can run. `AEADChoiceTests` says loudly when that is not all of them.
    public static let available: [Backend] = allCases.filter { missing[$0] == nil }

    /// Why this machine or this build cannot run the others.
    public static let missing: [Backend: String] = {
        var reasons: [Backend: String] = [:]
        for backend in allCases {
            do throws(AEADChoice.Failure) {
                _ = try backend.choice.make()
            } catch {
                switch error {
                case .multiBuffer(let reason): reasons[backend] = "\(reason)"
                case .openSSL, .boringSSL: reasons[backend] = "\(error)"
                }
            }
        }
        return reasons
    }()

    /// What asks for it.
    public var choice: AEADChoice {
        switch self {
        case .openSSL: .openSSL
        case .multiBuffer: .multiBuffer
        case .boringSSL: .boringSSL
        }
    }

    /// A fresh instance.
    public func make() throws -> any AEADBackend { try self.choice.make() }

    public var description: String { self.rawValue }
}
