/// One exit's part of a ``NodeStatus``; a group's own numbers are those of its ``GroupStatus``.
public struct ExitStatus: Codable, Equatable, Sendable {
    public var name: String
    /// `direct`, `tunnel`, `group` or `block`.
    public var type: String
    /// A tunnel's next hop.
    public var server: String?
    /// Sessions now.
    public var sessions: Int
    /// Sessions since the start, each attempt for itself.
    public var total: UInt64
    /// Connections that did not come about.
    public var failures: UInt64
    /// Bytes towards targets.
    public var bytesUp: UInt64
    /// Bytes from targets.
    public var bytesDown: UInt64
    /// The sockets that are kept ready, where any may be.
    public var warm: Warm?
    /// Where datagrams have left by it.
    public var udp: DatagramStatus?

    public init(
        name: String,
        type: String,
        server: String?,
        sessions: Int,
        total: UInt64,
        failures: UInt64,
        bytesUp: UInt64,
        bytesDown: UInt64,
        warm: Warm?,
        udp: DatagramStatus? = nil
    ) {
        self.name = name
        self.type = type
        self.server = server
        self.sessions = sessions
        self.total = total
        self.failures = failures
        self.bytesUp = bytesUp
        self.bytesDown = bytesDown
        self.warm = warm
        self.udp = udp
    }

    /// Connected sockets that wait for sessions.
    public struct Warm: Codable, Equatable, Sendable {
        /// Ready now.
        public var ready: Int
        /// As many as the present demand asks for.
        public var target: Int
        public var maximum: Int
        /// Sessions that found one.
        public var taken: UInt64
        /// Sessions that found none.
        public var missed: UInt64

        public init(ready: Int, target: Int, maximum: Int, taken: UInt64, missed: UInt64) {
            self.ready = ready
            self.target = target
            self.maximum = maximum
            self.taken = taken
            self.missed = missed
        }
    }
}
