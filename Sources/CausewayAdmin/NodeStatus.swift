/// What a node is doing, at about one moment. Counters begin with the node.
public struct NodeStatus: Codable, Equatable, Sendable {
    public var version: String
    /// When the node was started, in seconds of Unix time.
    public var startedAt: UInt64
    /// Seconds since then.
    public var uptime: UInt64
    public var loops: Int
    /// The cipher library in force.
    public var aead: String
    public var sessions: Sessions
    public var listeners: [ListenerStatus]
    public var exits: [ExitStatus]
    public var groups: [GroupStatus]

    public init(
        version: String,
        startedAt: UInt64,
        uptime: UInt64,
        loops: Int,
        aead: String,
        sessions: Sessions,
        listeners: [ListenerStatus],
        exits: [ExitStatus],
        groups: [GroupStatus]
    ) {
        self.version = version
        self.startedAt = startedAt
        self.uptime = uptime
        self.loops = loops
        self.aead = aead
        self.sessions = sessions
        self.listeners = listeners
        self.exits = exits
        self.groups = groups
    }

    /// Sessions of the whole node, in any state.
    public struct Sessions: Codable, Equatable, Sendable {
        public var live: Int
        public var limit: Int

        public init(live: Int, limit: Int) {
            self.live = live
            self.limit = limit
        }
    }
}
