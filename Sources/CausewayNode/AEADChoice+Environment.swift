public import CausewayCrypto
import Glibc

extension AEADChoice {
    /// What the variable that forces a backend is called.
    public static let environmentVariable = "CAUSEWAY_AEAD"

    /// That the environment forces a backend which does not exist.
    public struct UnknownName: Error, Equatable, CustomStringConvertible {
        public let name: String

        public var description: String {
            let known = AEADChoice.allCases.map(\.rawValue).joined(separator: ", ")
            return "\(AEADChoice.environmentVariable) is \"\(self.name)\", which is none of \(known)"
        }
    }

    /// The choice that `CAUSEWAY_AEAD` makes; `automatic` where it is not set or empty.
    public static func ofEnvironment() throws(UnknownName) -> AEADChoice {
        // Safe: nothing here changes the environment; the string is copied at once.
        guard let value = getenv(Self.environmentVariable) else { return .automatic }
        let name = String(cString: value)
        if name.isEmpty { return .automatic }
        guard let choice = AEADChoice(rawValue: name) else { throw UnknownName(name: name) }
        return choice
    }
}
