/// Why an authenticated user gets no session, or loses those that are open.
public enum Denial: String, Error, CaseIterable, Sendable {
    case disabled
    case expired
    case quota = "quota used up"
    case connections = "too many connections"
    case devices = "too many devices"
    /// Removed since the handshake began.
    case removed
    /// The ledger cannot be written, and the configuration says that then nobody is served.
    case ledger = "ledger not writable"
}
