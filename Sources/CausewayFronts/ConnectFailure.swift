/// Why a session could not be opened, in a form that every front can answer.
public enum ConnectFailure: Error, Equatable, Sendable {
    /// Nothing more precise is known.
    case general
    /// The rules of this node or of the exit forbid the target.
    case denied
    case networkUnreachable
    case hostUnreachable
    /// The target's name has no address.
    case nameNotResolved
    case timedOut
    case refused
}
