/// Why the admin API cannot be offered or asked.
public enum AdminError: Error, Equatable, CustomStringConvertible, Sendable {
    /// Something that is no socket stands at the path.
    case notASocket(path: String)
    /// Another node answers at the path.
    case inUse(path: String)
    /// The system refuses.
    case system(path: String, reason: String)
    /// Nobody answers at the path.
    case notRunning(path: String)
    /// The socket is there, and not for this user.
    case notPermitted(path: String)
    /// No answer in time.
    case timedOut(path: String)
    /// The node does not do what it was asked for, and says why.
    case refused(reason: String)
    /// What answers is no node of this version.
    case notUnderstood(path: String, reason: String)

    public var description: String {
        switch self {
        case .notASocket(let path): "\(path) exists and is no socket"
        case .inUse(let path): "another process answers at \(path)"
        case .system(let path, let reason): "\(path): \(reason)"
        case .notRunning(let path): "nobody answers at \(path): is the node running, with this in its \"admin\"?"
        case .notPermitted(let path): "\(path) is not for this user"
        case .timedOut(let path): "no answer from \(path)"
        case .refused(let reason): reason
        case .notUnderstood(let path, let reason): "\(path) answers with something else: \(reason)"
        }
    }
}
