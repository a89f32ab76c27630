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
    /// Where listeners ask for users.
    public var users: UsersStatus?
    /// What went wrong since the node's start, by cause and place.
    public var events: [Event]?
    /// Where listeners or exits ask for a congestion control.
    public var congestion: [CongestionStatus]?

    public init(
        version: String,
        startedAt: UInt64,
        uptime: UInt64,
        loops: Int,
        aead: String,
        sessions: Sessions,
        listeners: [ListenerStatus],
        exits: [ExitStatus],
        groups: [GroupStatus],
        users: UsersStatus? = nil,
        events: [Event]? = nil,
        congestion: [CongestionStatus]? = nil
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
        self.users = users
        self.events = events
        self.congestion = congestion
    }

    /// How often something went wrong.
    public struct Event: Codable, Equatable, Sendable {
        public var cause: String
        public var reason: String
        /// The listener or exit.
        public var at: String
        public var count: UInt64

        public init(cause: String, reason: String, at: String, count: UInt64) {
            self.cause = cause
            self.reason = reason
            self.at = at
            self.count = count
        }
    }

    /// Users and their ledger, all together.
    public struct UsersStatus: Codable, Equatable, Sendable {
        public var count: Int
        /// How often a user was refused, by reason.
        public var refusals: [String: UInt64]
        /// Where the ledger is; none where it is in memory alone.
        public var ledger: String?
        /// Seconds since everything that was counted was in the database.
        public var ledgerLag: UInt64
        /// Why the ledger cannot be written at present.
        public var ledgerFailure: String?
        /// Why live counters lie in memory alone, so that a crash would take what the database has not got yet.
        public var volatile: String?

        public init(
            count: Int,
            refusals: [String: UInt64],
            ledger: String?,
            ledgerLag: UInt64,
            ledgerFailure: String?,
            volatile: String?
        ) {
            self.count = count
            self.refusals = refusals
            self.ledger = ledger
            self.ledgerLag = ledgerLag
            self.ledgerFailure = ledgerFailure
            self.volatile = volatile
        }
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
