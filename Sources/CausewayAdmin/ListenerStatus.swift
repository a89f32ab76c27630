/// One listener's part of a ``NodeStatus``.
public struct ListenerStatus: Codable, Equatable, Sendable {
    public var name: String
    /// `mixed`, `tunnel`, `relay` or `forward`.
    public var type: String
    public var addresses: [String]
    /// The exit that sessions leave by; none for a relay, whose customers name it.
    public var exit: String?
    /// Sessions now.
    public var sessions: Int
    /// Sessions since the start.
    public var total: UInt64
    /// Handshakes that were refused.
    public var refused: UInt64
    /// Bytes from customers towards targets.
    public var bytesUp: UInt64
    /// Bytes from targets towards customers.
    public var bytesDown: UInt64
    /// Where datagrams are taken.
    public var udp: DatagramStatus?

    public init(
        name: String,
        type: String,
        addresses: [String],
        exit: String?,
        sessions: Int,
        total: UInt64,
        refused: UInt64,
        bytesUp: UInt64,
        bytesDown: UInt64,
        udp: DatagramStatus? = nil
    ) {
        self.name = name
        self.type = type
        self.addresses = addresses
        self.exit = exit
        self.sessions = sessions
        self.total = total
        self.refused = refused
        self.bytesUp = bytesUp
        self.bytesDown = bytesDown
        self.udp = udp
    }
}
