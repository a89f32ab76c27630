public import CausewayCore
public import CausewayCrypto

/// What the ledger knows of a user.
public struct UserRecord: Equatable, Sendable {
    /// Never used again, also when the user is gone.
    public internal(set) var id: Int64
    public var profile: UserProfile
    /// Counts the changes, so that two admins do not undo each other's.
    public internal(set) var version: Int64
    /// Seconds since 1970.
    public internal(set) var createdAt: Int64
    /// When the present cycle began, in seconds since 1970; the user's creation where the plan has no cycles.
    public internal(set) var cycleStart: Int64
    /// Bytes that were added to the quota for this cycle.
    public internal(set) var topUp: UInt64
    /// Billed bytes of this cycle, as far as they are in the database.
    public internal(set) var used: Traffic
    /// Billed bytes since the user's creation.
    public internal(set) var total: Traffic
    /// The counters' values that `used` and `total` include.
    var folded: Traffic

    /// Bytes that the user may use in this cycle, top-ups included.
    public var limit: Int64 {
        guard let quota = self.profile.plan.quota else { return Quota.unlimited }
        return Int64(min(quota + self.topUp, UInt64(Quota.unlimited)))
    }
}

/// What an admin sets of a user.
public struct UserProfile: Equatable, Sendable {
    public var name: String
    public var note = ""
    /// The newest first.
    public var keys: [Key] = []
    /// For `mixed` listeners.
    public var password: Secret?
    public var plan = UserPlan()
    public var isEnabled = true
    /// Whether the user comes from the configuration's list, which then is the one to change.
    public var isDeclared = false

    public init(name: String) {
        self.name = name
    }

    /// An access key, which may be on its way out.
    public struct Key: Equatable, Sendable {
        public var secret: Secret
        /// Opens nothing from this second since 1970 on; `nil` for a key that stays.
        public var expires: Int64?

        public init(secret: Secret, expires: Int64? = nil) {
            self.secret = secret
            self.expires = expires
        }
    }
}
