public import CausewayBytes

/// What a node is told to be: read from YAML, checked once as a whole, and never changed. A reload makes a new one.
public struct Configuration: Sendable {
    /// At least one. No two share a name or an address, and each one's exit exists.
    public let listeners: [Listener]
    /// At least one. No two share a name.
    public let exits: [Exit]
    /// Those that the file lists; the ledger may have more. No two share a name or a key, and none has a listener's key.
    public let users: [User]
    /// Whether a listener asks for users.
    public var wantsUsers: Bool {
        self.listeners.contains { listener in
            switch listener.kind {
            case .mixed(let users): users
            case .tunnel(_, _, let users, _): users
            case .relay(let relay): relay.users
            case .forward: false
            }
        }
    }
    /// Event loops, one thread each: 1...`maximumLoops`.
    public let loops: Int
    public let dns: DNS
    public let log: Log
    public let limits: Limits
    /// What sessions have to end by themselves once the node is to.
    public let drain: Interval
    /// What sessions have to end by themselves in a process that has handed over to a new one.
    public let handover: Interval
    public let admin: Admin
    public let ledger: Ledger
    /// What is allowed but hardly meant, such as a key file that everybody can read.
    public let warnings: [Diagnostic]

    /// Loops that a configuration may ask for: more than any machine has cores to give them.
    public static let maximumLoops = 256
    /// Well within what a service manager waits for.
    public static let defaultDrain = Interval.seconds(10)
    /// Longer than a download takes: nothing waits for the old process.
    public static let defaultHandover = Interval.seconds(86_400)
}

extension Configuration {
    /// How names are resolved, where traffic leaves.
    public struct DNS: Equatable, Sendable {
        /// Servers to ask, in order. Empty: those of the system.
        public let servers: [SocketAddress]
        /// Answers kept at most, per node. Zero: none.
        public let cache: Int

        public static let defaultCache = 4_096
    }

    /// What the node says about itself.
    public struct Log: Equatable, Sendable {
        public let level: Level
        /// Whether events may name the destination of a session.
        public let destinations: Bool
        /// Whether events may name the address of a customer.
        public let clients: Bool

        /// The least severe event that is written.
        public enum Level: String, CaseIterable, Sendable {
            case trace, debug, info, notice, warning, error, critical
        }
    }

    /// Bounds on what the node holds at one time.
    public struct Limits: Equatable, Sendable {
        /// Relay buffers that are waiting for a socket to take them, over all sessions of the node.
        public let buffers: ByteCount
        /// Sessions and associations, over all listeners of the node.
        public let sessions: Int
        /// Associations of one user, over all listeners of the node; the oldest make room for others.
        public let associations: Int

        public static let defaultBuffers = ByteCount(bytes: 256 << 20)
        public static let defaultSessions = 100_000
        public static let defaultAssociations = 512
    }
}
