public import CausewayBytes
import Synchronization

/// What the loops know of one user: what may be used, how fast, by how many, and what was used. Safe to share: it is
/// changed while traffic flows.
public final class UserAccount: Sendable {
    /// Whether the user may have sessions at all, whatever the quota says.
    public enum Standing: UInt8, Sendable {
        case active, disabled, expired, removed

        var denial: Denial? {
            switch self {
            case .active: nil
            case .disabled: .disabled
            case .expired: .expired
            case .removed: .removed
            }
        }
    }

    public let name: String
    /// The user's place among the accounts of the node, as the loops know it.
    public let slot: Int
    public let quota: Quota
    public let rateUp: RateClock
    public let rateDown: RateClock
    public let usage: UsageCounters
    /// What other processes that count for the user see too.
    public let words: AccountWords

    private let standingValue: Atomic<UInt8>
    /// One bit for each credential that opens sessions.
    private let credentialBits = Atomic<UInt8>(0)
    /// Zero: no limit.
    private let connectionLimit: Atomic<Int>
    private let deviceLimitValue: Atomic<Int>
    private let unansweredCount = Atomic<UInt64>(0)
    private let associationCount = Atomic<Int>(0)
    private let isNoted = Atomic<Bool>(false)
    private let devices = Mutex(DeviceTable())

    /// - Parameters:
    ///   - usage: goes on from what it holds.
    ///   - words: with the quota, which goes on from what they hold.
    public init(
        name: String,
        slot: Int,
        limits: Limits,
        standing: Standing,
        usage: UsageCounters,
        words: AccountWords
    ) {
        self.name = name
        self.slot = slot
        self.quota = Quota(words)
        self.rateUp = RateClock(limits.rateUp, .up, of: words)
        self.rateDown = RateClock(limits.rateDown, .down, of: words)
        self.usage = usage
        self.words = words
        self.standingValue = Atomic(standing.rawValue)
        self.connectionLimit = Atomic(limits.connections)
        self.deviceLimitValue = Atomic(limits.devices)
    }

    /// What a plan allows at one time.
    public struct Limits: Hashable, Sendable {
        /// Towards the target; `nil` for no limit.
        public var rateUp: BitRate?
        /// Towards the customer; `nil` for no limit.
        public var rateDown: BitRate?
        /// Zero for no limit.
        public var connections: Int
        /// Zero for no limit.
        public var devices: Int

        public init(rateUp: BitRate? = nil, rateDown: BitRate? = nil, connections: Int = 0, devices: Int = 0) {
            self.rateUp = rateUp
            self.rateDown = rateDown
            self.connections = connections
            self.devices = devices
        }
    }

    // MARK: - Changes

    public func set(_ limits: Limits) {
        self.rateUp.set(limits.rateUp)
        self.rateDown.set(limits.rateDown)
        self.connectionLimit.store(limits.connections, ordering: .relaxed)
        self.deviceLimitValue.store(limits.devices, ordering: .relaxed)
    }

    public var standing: Standing {
        get { Standing(rawValue: self.standingValue.load(ordering: .acquiring)) ?? .removed }
        set { self.standingValue.store(newValue.rawValue, ordering: .releasing) }
    }

    /// Which of the user's credentials are good, one bit each, by their places.
    public var credentials: UInt8 {
        get { self.credentialBits.load(ordering: .acquiring) }
        set { self.credentialBits.store(newValue, ordering: .releasing) }
    }

    // MARK: - Sessions

    /// Sessions of the user that are open in this process.
    public var connections: Int { Int(self.words.sessions.pointee.load(ordering: .sequentiallyConsistent)) }

    /// Sessions of the user that are open on this node: in this process, and in those that end with theirs.
    public var connectionsOfAll: Int { Int(self.words.allSessions) }

    /// Devices that a plan allows; zero for no limit.
    public var deviceLimit: Int { self.deviceLimitValue.load(ordering: .relaxed) }

    /// Why the user may have no session now, whatever the limits on connections and devices.
    public var denial: Denial? {
        self.standing.denial ?? (self.quota.isExhausted ? .quota : nil)
    }

    /// Lets one more session in, or says why not. Each one that was let in is let out by ``leave()``.
    public func enter(from source: IPAddress, now: Instant) -> Denial? {
        if let denial = self.denial { return denial }
        let limit = self.connectionLimit.load(ordering: .relaxed)
        self.words.sessions.pointee.wrappingAdd(1, ordering: .sequentiallyConsistent)
        if limit > 0, self.connectionsOfAll > limit {
            self.leave()
            return .connections
        }
        if !self.hasPlace(for: source, now: now) {
            self.leave()
            return .devices
        }
        return nil
    }

    /// Lets an association in, or one go on from another address, or says why not. Associations do not count as
    /// connections: an application opens as many as it likes, and the oldest make room for others.
    public func admit(from source: IPAddress, now: Instant) -> Denial? {
        if let denial = self.denial { return denial }
        return self.hasPlace(for: source, now: now) ? nil : .devices
    }

    /// Associations of the user in this process.
    public var associations: Int { self.associationCount.load(ordering: .sequentiallyConsistent) }

    /// Whether the user has a session or an association now.
    public var isPresent: Bool { self.connections > 0 || self.associations > 0 }

    /// Counts one association more or, with -1, one fewer.
    public func countAssociations(_ change: Int) {
        self.associationCount.wrappingAdd(change, ordering: .sequentiallyConsistent)
    }

    /// Whether ``PresentUsers`` does not have the user yet; from now on it has.
    func isToBeNoted() -> Bool {
        // Most often it has, and the cache line stays where it is.
        !self.isNoted.load(ordering: .sequentiallyConsistent)
            && !self.isNoted.exchange(true, ordering: .sequentiallyConsistent)
    }

    /// ``PresentUsers`` does not have the user any more.
    func isToBeNotedAgain() { self.isNoted.store(false, ordering: .sequentiallyConsistent) }

    private func hasPlace(for source: IPAddress, now: Instant) -> Bool {
        let limit = self.deviceLimit
        guard limit > 0 else { return true }
        return self.devices.withLock { $0.admit(DeviceTable.Source(source), limit: limit, now: now) }
    }

    public func leave() {
        // Whoever sees the session gone sees what it has counted.
        self.words.sessions.pointee.wrappingSubtract(1, ordering: .sequentiallyConsistent)
    }

    /// Notes when bytes last moved from `source`.
    public func touch(_ source: IPAddress, at time: Instant) {
        self.devices.withLock { $0.touch(DeviceTable.Source(source), now: time) }
    }

    /// Devices that have had their grace and are too many.
    public func overdueDevices(now: Instant) -> [DeviceTable.Source] {
        let limit = self.deviceLimit
        guard limit > 0 else { return [] }
        return self.devices.withLock { $0.overdue(limit: limit, now: now) }
    }

    /// Devices that are in use; known only where there is a limit.
    public func deviceCount(now: Instant) -> Int {
        self.devices.withLock { $0.count(now: now) }
    }

    // MARK: - Unanswered bytes

    /// Notes bytes that a blind relay has passed on and nobody has answered, so that they were not billed.
    public func noteUnanswered(_ count: UInt64) {
        self.unansweredCount.wrappingAdd(count, ordering: .relaxed)
    }

    /// Bytes that were passed on and not billed, since the node's start.
    public var unanswered: UInt64 { self.unansweredCount.load(ordering: .relaxed) }
}
