/// A user as the API shows it. Sizes in bytes, rates in bits per second, times in seconds since 1970; never a key.
public struct UserStatus: Codable, Equatable, Sendable {
    public var name: String
    public var note: String
    /// `active`, `disabled`, `expired` or `quota used up`.
    public var state: String
    public var enabled: Bool
    /// Whether the configuration lists the user, and so is the one to change.
    public var declared: Bool
    /// Counts the changes; to be given back with one, so that nobody's is undone.
    public var version: Int64
    public var keys: Int
    public var hasPassword: Bool
    /// Bytes of each cycle; none for no quota.
    public var quota: UInt64?
    /// Bytes added to the present cycle.
    public var topUp: UInt64
    /// Bytes used in the present cycle.
    public var used: UInt64
    public var usedUp: UInt64
    public var usedDown: UInt64
    /// Bytes that are left of the present cycle.
    public var left: UInt64?
    /// Bytes since the user was added.
    public var totalUp: UInt64
    public var totalDown: UInt64
    /// Bytes that a blind relay passed on, nobody answered, and so nobody pays for; since the node's start.
    public var unanswered: UInt64
    public var cycle: String
    public var zone: String
    public var cycleStart: Int64
    public var cycleEnd: Int64?
    public var expires: Int64?
    public var createdAt: Int64
    public var rateUp: UInt64?
    public var rateDown: UInt64?
    /// At one time; none for no limit.
    public var connectionLimit: Int?
    public var connections: Int
    public var deviceLimit: Int?
    public var devices: Int?

    public init(
        name: String,
        note: String,
        state: String,
        enabled: Bool,
        declared: Bool,
        version: Int64,
        keys: Int,
        hasPassword: Bool,
        quota: UInt64?,
        topUp: UInt64,
        usedUp: UInt64,
        usedDown: UInt64,
        left: UInt64?,
        totalUp: UInt64,
        totalDown: UInt64,
        unanswered: UInt64,
        cycle: String,
        zone: String,
        cycleStart: Int64,
        cycleEnd: Int64?,
        expires: Int64?,
        createdAt: Int64,
        rateUp: UInt64?,
        rateDown: UInt64?,
        connectionLimit: Int?,
        connections: Int,
        deviceLimit: Int?,
        devices: Int?
    ) {
        self.name = name
        self.note = note
        self.state = state
        self.enabled = enabled
        self.declared = declared
        self.version = version
        self.keys = keys
        self.hasPassword = hasPassword
        self.quota = quota
        self.topUp = topUp
        self.used = usedUp &+ usedDown
        self.usedUp = usedUp
        self.usedDown = usedDown
        self.left = left
        self.totalUp = totalUp
        self.totalDown = totalDown
        self.unanswered = unanswered
        self.cycle = cycle
        self.zone = zone
        self.cycleStart = cycleStart
        self.cycleEnd = cycleEnd
        self.expires = expires
        self.createdAt = createdAt
        self.rateUp = rateUp
        self.rateDown = rateDown
        self.connectionLimit = connectionLimit
        self.connections = connections
        self.deviceLimit = deviceLimit
        self.devices = devices
    }
}

/// The keys of a user, for whoever is to give them to the user.
public struct UserKeys: Codable, Equatable, Sendable {
    public struct Key: Codable, Equatable, Sendable {
        /// In base64.
        public var key: String
        /// From this second since 1970 on it opens nothing.
        public var expires: Int64?

        public init(key: String, expires: Int64?) {
            self.key = key
            self.expires = expires
        }
    }

    public var name: String
    /// The newest first.
    public var keys: [Key]

    public init(name: String, keys: [Key]) {
        self.name = name
        self.keys = keys
    }
}

/// What a user has used, in one length of time after another.
public struct UsageReport: Codable, Equatable, Sendable {
    public struct Period: Codable, Equatable, Sendable {
        /// Seconds since 1970.
        public var start: Int64
        public var end: Int64
        public var up: UInt64
        public var down: UInt64
        /// The quota of a cycle, top-ups included.
        public var quota: UInt64?

        public init(start: Int64, end: Int64, up: UInt64, down: UInt64, quota: UInt64?) {
            self.start = start
            self.end = end
            self.up = up
            self.down = down
            self.quota = quota
        }
    }

    public var name: String
    /// The oldest first.
    public var periods: [Period]

    public init(name: String, periods: [Period]) {
        self.name = name
        self.periods = periods
    }
}
