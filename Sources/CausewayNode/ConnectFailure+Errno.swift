import CausewayFronts
import CausewayIO
import Glibc

extension ConnectFailure {
    /// What the kernel's error means to the customer.
    init(_ error: SystemCallError) {
        switch error.code {
        case ECONNREFUSED: self = .refused
        case ENETUNREACH, ENETDOWN: self = .networkUnreachable
        case EHOSTUNREACH, EHOSTDOWN: self = .hostUnreachable
        case ETIMEDOUT: self = .timedOut
        case EACCES, EPERM: self = .denied
        default: self = .general
        }
    }
}
