/// Why a datagram is not accepted. It is dropped in silence, and nothing else changes.
public enum PacketRefusal: Error, Equatable, Sendable, CaseIterable {
    /// Shorter than the shortest one of its kind.
    case short
    case unknownIdentity
    /// Its number was there before, or is too far behind.
    case replayed
    case authentication
    /// It goes the other way.
    case type
    case timestamp
    case malformed
    /// An answer to a session that is not this client's, or from one server session too many.
    case foreignSession
}
