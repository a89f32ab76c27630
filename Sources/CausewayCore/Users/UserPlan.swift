/// What a user has bought.
public struct UserPlan: Equatable, Sendable {
    /// Bytes per cycle, both directions together; `nil` for no quota.
    public var quota: UInt64?
    public var cycle = Cycle.none
    /// The time zone of the cycle's midnights, by its name in the tz database.
    public var zone = "UTC"
    /// From this second since 1970 on the user is served no more.
    public var expires: Int64?
    public var limits = UserAccount.Limits()

    /// The largest quota, top-ups included, in bytes: an exbibyte.
    public static let maximumQuota: UInt64 = 1 << 60
    /// Bits per second that a limit may be.
    public static let rates: ClosedRange<UInt64> = 8_000...1_000_000_000_000

    public init() {}
}
