import CausewayCrypto
import CausewayNode

/// The library that records are sealed and opened with on this machine, and where it is not the fastest, why.
var aeadInForce: String {
    do {
        let choice = try AEADChoice.ofEnvironment()
        let name = try choice.make().name
        switch choice {
        case .automatic:
            guard let missed = AEADChoice.fastest().missed else { return name }
            return "\(name) (\(missed))"
        case .openSSL, .multiBuffer, .boringSSL:
            return "\(name) (\(AEADChoice.environmentVariable)=\(choice.rawValue))"
        }
    } catch {
        return "none: \(error)"
    }
}
