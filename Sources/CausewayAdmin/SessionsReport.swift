/// The sessions of a node, those first that have moved most.
public struct SessionsReport: Codable, Equatable, Sendable {
    /// Sessions that were asked for; `sessions` may have fewer of them.
    public var total: Int
    public var sessions: [Session]

    public init(total: Int, sessions: [Session]) {
        self.total = total
        self.sessions = sessions
    }

    /// One proxied connection, or one client that sends datagrams. Where it goes to is nobody's business and not here.
    public struct Session: Codable, Equatable, Sendable {
        public var listener: String
        /// The exit that it leaves by, once one is chosen.
        public var exit: String?
        /// Whose it is, where that is known.
        public var user: String?
        /// Where it comes from.
        public var source: String
        /// `handshake`, `connecting`, `relaying` or `closing`; of an association, `datagrams`, or `silent` where it is
        /// remembered and has no socket.
        public var stage: String
        /// Seconds since it was accepted.
        public var age: UInt64
        /// Seconds since anything moved.
        public var idle: UInt64
        /// Bytes from the customer towards the target.
        public var bytesUp: UInt64
        /// Bytes from the target towards the customer.
        public var bytesDown: UInt64

        public init(
            listener: String,
            exit: String?,
            user: String?,
            source: String,
            stage: String,
            age: UInt64,
            idle: UInt64,
            bytesUp: UInt64,
            bytesDown: UInt64
        ) {
            self.listener = listener
            self.exit = exit
            self.user = user
            self.source = source
            self.stage = stage
            self.age = age
            self.idle = idle
            self.bytesUp = bytesUp
            self.bytesDown = bytesDown
        }
    }
}
