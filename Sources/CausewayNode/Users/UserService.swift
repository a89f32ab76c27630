import CausewayBytes
import CausewayConfig
import CausewayCore
import CausewayCrypto
import CausewayIO
import CausewayLedger
import CausewayWire
import FoundationEssentials
import Glibc
import Logging
import Synchronization

/// The users of a running node: their accounts, which the loops use, and the ledger that they are kept in.
///
/// Once a second it brings what the loops have counted to the disk, ends cycles and plans, and sees to it that whoever
/// may have no sessions has none. It looks at those users alone who have been there lately, or for whom something is due.
///
/// `@unchecked Sendable`: everything that changes is touched under the lock alone.
final class UserService: @unchecked Sendable {
    /// What the service has of a user, beside the ledger's record.
    struct Entry {
        var account: UserAccount
        var zone: TimeZoneRules
        /// When the next cycle begins, in seconds since 1970.
        var nextCycle: Int64?
        /// When something is to be done next: a cycle begins, or the plan or a key ends. In seconds since 1970.
        var due = Int64.max
        /// The keys' places among the credentials.
        var places: [Int] = []
        /// The change of the user that was seen last.
        var generation: Int64 = 0
    }

    /// Changes of users that are logged one by one.
    private static let toldChanges = 100
    /// Users in one request for which the allocator is asked to give back what it would keep for another like that,
    /// after so many checkpoints: when the answer is certain to be written.
    private static let (manyUsers, checkpointsToTrim) = (1_000, 10)
    /// Checkpoints between two folds of the counters into the database.
    private static let checkpointsPerFold = 5

    let lock = Mutex(())
    let logger: Logger
    /// Under the lock.
    private(set) var settings: Configuration.Ledger
    let shared: SharedState

    // MARK: Under the lock

    let ledger: Ledger
    /// By the users' ids.
    var entries: [Int64: Entry] = [:]
    private(set) var directory = UserDirectory()
    private var zones: [String: TimeZoneRules] = [:]
    /// The users' ids by their accounts' slots.
    private var ids: [Int64] = []
    /// When something is to be done for any of them next.
    private var nextDue = Int64.max
    /// When they were looked after last.
    private var checkedAt = Int64.min
    /// Whose counters may have gone on since they were last in the database; `nil` for anybody's.
    private var unfolded: Set<Int64>?
    /// Whether another process that has the ledger has come to nothing.
    var isToTakeBack = false
    /// Why the ledger cannot be written at present.
    private(set) var failure: String?
    private var checkpoints = 0
    /// Checkpoints until memory that a large request has used goes back to the system; zero where there is none.
    private var untilTrim = 0
    /// When everything that was counted was last in the database.
    private(set) var foldedAt: Int64 = 0
    private var lastHour: Int64 = 0

    /// Seconds since 1970.
    let clock: @Sendable () -> Int64
    private let ticker = Ticker()

    /// Opens the ledger and makes accounts of its users; those that the configuration lists are made to be what it
    /// says.
    ///
    /// - Parameter succession: where the ledger is another process's up to now, which keeps its sessions.
    /// - Throws: `LedgerError`.
    init(
        _ configuration: Configuration,
        succession: LedgerSuccession? = nil,
        shared: SharedState,
        logger: Logger,
        clock: @escaping @Sendable () -> Int64 = { Int64(Date().timeIntervalSince1970) }
    ) throws(LedgerError) {
        self.settings = configuration.ledger
        self.shared = shared
        self.logger = logger
        self.clock = clock
        let now = clock()
        self.foldedAt = now
        let loops = shared.limits.loops
        if let succession {
            guard succession.directory == configuration.ledger.path else { throw .elsewhere(succession.directory) }
            self.ledger = try Ledger(loops: loops, takingOver: succession)
        } else {
            self.ledger = try Ledger(directory: configuration.ledger.path, loops: loops, now: now)
        }
        for notice in self.ledger.notices { logger.warning("ledger", metadata: ["notice": "\(notice)"]) }
        if let failure = self.ledger.failureAtOpening { self.attempt { () throws(LedgerError) in throw failure } }
        _ = try self.open(self.ledger.users.values.sorted { $0.id < $1.id }, now: now)
        let changes = try self.reconcile(configuration.users)
        for change in changes.prefix(Self.toldChanges) { logger.notice("users", metadata: ["change": "\(change)"]) }
        if changes.count > Self.toldChanges {
            logger.notice("users", metadata: ["changes": "\(changes.count - Self.toldChanges) more"])
        }
    }

    /// Hands the users to the loops, and begins to look after them.
    ///
    /// - Parameter workers: those whose loops do not run yet, and so know the users before the first session.
    func start(before workers: [Worker]) {
        let accounts = self.entries.values.map(\.account)
        for worker in workers {
            worker.directory = self.directory
            worker.users.set(accounts)
        }
        if workers.isEmpty { self.lock.withLock { _ in self.publish(accounts) } }
        self.ticker.start(every: self.settings.checkpoint) { [weak self] in self?.checkpoint() }
    }

    /// Does as another configuration says from now on, with its users.
    ///
    /// - Returns: what is different of the users.
    func reload(_ configuration: Configuration) throws(LedgerError) -> [String] {
        let result = self.lock.withLock { _ in
            Result { () throws(LedgerError) in
                let changes = try self.reconcile(configuration.users)
                self.settings = configuration.ledger
                return changes
            }
        }
        return try result.get()
    }

    /// What ``reload(_:)`` would do to the users.
    func preview(_ users: [Configuration.User]) -> [String] {
        self.lock.withLock { _ in self.plan(for: users).lines }
    }

    /// Ends, with everything that was counted in the database.
    func stop() {
        self.ticker.stop()
        self.lock.withLock { _ in
            // Who has the ledger sees what was counted here, and folds it.
            guard !self.ledger.isHandedOver else { return }
            self.markAllUnfolded()
            self.fold(now: self.clock())
            self.attempt { () throws(LedgerError) in try self.ledger.synchronize() }
        }
    }

    // MARK: - Accounts

    /// Makes accounts for users of the ledger; under the lock, or before anybody else is there.
    func open(_ records: [UserRecord], now: Int64) throws(LedgerError) -> [UserAccount] {
        var added: [IdentityTable.Entry] = []
        var accounts: [UserAccount] = []
        let freeSides = self.ledger.hasOthers ? self.ledger.freeSides : []
        for record in records {
            let place = try self.ledger.allocatePlace(for: record.id)
            let isShared = place.isKept && self.ledger.hasOthers
            let profile = record.profile
            let account = UserAccount(
                name: profile.name,
                slot: self.ids.count,
                limits: profile.plan.limits,
                standing: Self.standing(of: profile, now: now),
                usage: place.counters,
                words: place.words
            )
            if isShared {
                // Both live on the quota as it is, with what processes had on lease that have ended unseen.
                place.words.begin()
                for side in freeSides { place.words.end(side) }
            } else {
                place.words.reset()
                // What was counted and could not be folded is used, too.
                let used = self.ledger.present(record, counters: place.counters.total).used
                account.quota.add(record.limit - Int64(clamping: used.total))
            }
            self.ids.append(record.id)
            let zone = self.zone(profile.plan.zone)
            var entry = Entry(account: account, zone: zone)
            entry.generation = place.words.generation
            entry.nextCycle = profile.plan.cycle.next(after: record.cycleStart, anchor: record.createdAt, in: zone)
            added += self.placeKeys(of: profile, in: &entry, now: now).added
            self.setPassword(of: profile, account)
            entry.due = Self.due(entry, profile, now: now)
            self.keep(entry, of: record.id)
            accounts.append(account)
        }
        self.directory.change(adding: added, removing: [])
        return accounts
    }

    /// Gives the keys of a user their places among the credentials; a key keeps its place.
    ///
    /// - Returns: what is new for the directory.
    func placeKeys(
        of profile: UserProfile,
        in entry: inout Entry,
        was old: [UserProfile.Key] = [],
        now: Int64
    ) -> (added: [IdentityTable.Entry], removed: [Secret]) {
        let slot = entry.account.slot
        let keys = profile.keys.filter { $0.expires.map { $0 > now } ?? true }
        let before = Array(zip(old.map(\.secret), entry.places))
        var taken = Set(entry.places)
        var next = (entry.places.max() ?? -1) + 1
        var places: [Int] = []
        var added: [IdentityTable.Entry] = []
        for key in keys {
            if let kept = before.first(where: { $0.0 == key.secret && $0.1 >= 0 }) {
                places.append(kept.1)
                continue
            }
            // Rather not a place that has just become free: its sessions may still be there.
            let candidates = (0..<UserDirectory.Credential.password).map {
                ($0 + next) % UserDirectory.Credential.password
            }
            let free = candidates.first { !taken.contains($0) } ?? candidates.first { !places.contains($0) }
            guard let place = free else { break }
            next = place + 1
            taken.insert(place)
            places.append(place)
            let credential = UserDirectory.Credential(slot: slot, place: place)
            added.append(IdentityTable.Entry(key: key.secret, index: credential.number))
        }
        let kept = Set(places)
        let removed = before.filter { $0.1 >= 0 && !kept.contains($0.1) }.map(\.0)
        // In the order of the profile's keys; those that are over have no place.
        var byKey = places.makeIterator()
        entry.places = profile.keys.map { key in
            key.expires.map { $0 > now } ?? true ? byKey.next() ?? -1 : -1
        }
        var bits: UInt8 = profile.password == nil ? 0 : 1 << UInt8(UserDirectory.Credential.password)
        for place in places { bits |= 1 << UInt8(place) }
        entry.account.credentials = bits
        return (added, removed)
    }

    func setPassword(of profile: UserProfile, _ account: UserAccount) {
        self.directory.setPassword(profile.password, of: profile.name, slot: account.slot)
    }

    func changeDirectory(adding added: [IdentityTable.Entry], removing removed: [Secret]) {
        self.directory.change(adding: added, removing: removed)
    }

    /// Gives the loops the directory as it is now, and `accounts` with it.
    func publish(_ accounts: [UserAccount]) {
        let directory = self.directory
        self.shared.loops.execute { worker in
            worker.directory = directory
            worker.users.set(accounts)
        }
    }

    /// The user with an account that the loops know.
    func id(of account: UserAccount) -> Int64 { self.ids[account.slot] }

    /// Keeps what has changed of a user, and what is to be done when.
    func keep(_ entry: Entry, of id: Int64) {
        self.entries[id] = entry
        self.nextDue = min(self.nextDue, entry.due)
    }

    /// When something is to be done for a user next. A plan that is over stays so; a cycle or a key that is could not be
    /// ended yet.
    static func due(_ entry: Entry, _ profile: UserProfile, now: Int64) -> Int64 {
        let end = profile.plan.expires.flatMap { $0 > now ? $0 : nil }
        return ([entry.nextCycle, end] + profile.keys.map(\.expires)).compactMap { $0 }.min() ?? .max
    }

    static func standing(of profile: UserProfile, now: Int64) -> UserAccount.Standing {
        if !profile.isEnabled { return .disabled }
        if let expires = profile.plan.expires, expires <= now { return .expired }
        return .active
    }

    /// The rules of a zone. One that the system does not have any more is as UTC.
    func zone(_ name: String) -> TimeZoneRules {
        if let known = self.zones[name] { return known }
        let zone = TimeZoneFile.zone(name)
        if zone == nil { self.logger.warning("no such time zone, UTC instead", metadata: ["zone": "\(name)"]) }
        self.zones[name] = zone ?? .utc
        return zone ?? .utc
    }

    /// So many users were added in one request. Under the lock.
    func noteAdded(_ count: Int) {
        if count > Self.manyUsers { self.untilTrim = Self.checkpointsToTrim }
    }

    // MARK: - Looking after users

    /// What is done once a second.
    func checkpoint() {
        self.lock.withLock { _ in
            let now = self.clock()
            let present = self.shared.presentUsers.look()
            // A clock that has been set back makes plans run again that were over.
            let isBack = now < self.checkedAt
            self.checkedAt = now
            if self.isToTakeBack { self.takeBackLocked() }
            guard !self.ledger.isHandedOver else { return self.follow(present, all: isBack, now: now) }
            self.endOthers()
            self.unfolded?.formUnion(present.map { self.id(of: $0) })
            self.checkpoints += 1
            if self.checkpoints % Self.checkpointsPerFold == 0 || self.failure != nil {
                self.fold(now: now, synchronizing: true)
            } else {
                self.attempt { () throws(LedgerError) in try self.ledger.synchronize() }
            }
            if isBack || self.nextDue <= now { self.attend(all: isBack, now: now) }
            var hasDevices = false
            for account in present where account.isPresent {
                self.enforce(account)
                if account.deviceLimit > 0 { hasDevices = true }
            }
            if self.untilTrim > 0 {
                self.untilTrim -= 1
                if self.untilTrim == 0 { HostSystem.giveBackMemory() }
            }
            if hasDevices { self.shared.loops.execute { $0.touchDevices() } }
            if now / 3600 != self.lastHour {
                self.lastHour = now / 3600
                let days = Int64(self.settings.hourlyDays)
                self.attempt { () throws(LedgerError) in
                    try self.ledger.forgetHours(before: now - days * 86_400)
                }
            }
        }
    }

    /// Does what is due, for whomever, or looks after all.
    private func attend(all: Bool, now: Int64) {
        let due = self.entries.compactMap { all || $0.value.due <= now ? $0.key : nil }
        for id in due { self.attend(to: id, now: now) }
        self.nextDue = self.entries.values.reduce(.max) { min($0, $1.due) }
    }

    /// Does what is due for a user.
    private func attend(to id: Int64, now: Int64) {
        guard let entry = self.entries[id], let profile = self.ledger.users[id]?.profile else { return }
        let account = entry.account
        if let next = entry.nextCycle, next <= now { self.endCycle(of: id, now: now) }
        let standing = Self.standing(of: profile, now: now)
        if standing != account.standing {
            account.standing = standing
            self.shared.loops.cut(account)
        }
        for key in profile.keys {
            guard let expires = key.expires, expires <= now else { continue }
            self.dropKeys(of: id, now: now)
            break
        }
        guard let entry = self.entries[id], let profile = self.ledger.users[id]?.profile else { return }
        self.entries[id]?.due = Self.due(entry, profile, now: now)
    }

    /// Sees to it that a user has no sessions that it may not have.
    func enforce(_ account: UserAccount) {
        if account.denial != nil { self.shared.loops.cut(account) }
        let sources = account.overdueDevices(now: HostSystem.now)
        if !sources.isEmpty { self.shared.loops.execute { $0.cut(account, from: sources) } }
    }

    /// Ends all cycles that are over: the usage belongs to the first of them, for the node has counted nothing since.
    private func endCycle(of id: Int64, now: Int64) {
        self.fold([id], now: now)
        guard self.failure == nil, let old = self.ledger.users[id], var entry = self.entries[id] else { return }
        let plan = old.profile.plan
        guard let start = plan.cycle.start(containing: now, anchor: old.createdAt, in: entry.zone),
            let end = plan.cycle.next(after: old.cycleStart, anchor: old.createdAt, in: entry.zone), end <= start
        else { return }
        // Cycles in which the node was down have nothing to remember.
        let isDone = self.attempt { () throws(LedgerError) in
            try self.ledger.endCycle(of: id, at: end, beginningAt: start)
        }
        guard isDone, let new = self.ledger.users[id] else { return }
        entry.account.quota.add(new.limit - old.limit + Int64(clamping: old.used.total))
        entry.nextCycle = plan.cycle.next(after: start, anchor: old.createdAt, in: entry.zone)
        self.entries[id] = entry
        self.logger.info("cycle begun", metadata: ["user": "\(old.profile.name)"])
    }

    /// Takes keys whose time is over out of use.
    private func dropKeys(of id: Int64, now: Int64) {
        guard var entry = self.entries[id], let record = self.ledger.users[id] else { return }
        var profile = record.profile
        profile.keys.removeAll { $0.expires.map { $0 <= now } ?? false }
        self.attempt { () throws(LedgerError) in
            _ = try self.ledger.change(id, to: profile, version: nil, cycleStart: record.cycleStart)
        }
        let change = self.placeKeys(of: profile, in: &entry, was: record.profile.keys, now: now)
        self.entries[id] = entry
        self.directory.change(adding: change.added, removing: change.removed)
        self.publish([])
        entry.account.words.noteChange()
        self.shared.loops.cut(entry.account)
    }

    /// Makes the next fold one of all users, as others may have been counted than the loops have noted.
    func markAllUnfolded() { self.unfolded = nil }

    /// Folds what the loops have counted, of some users or of all who may have been counted.
    ///
    /// - Parameter isWhole: whether the counters go to the disk as well.
    func fold(_ ids: [Int64]? = nil, now: Int64, synchronizing isWhole: Bool = false) {
        let counters = (ids ?? self.unfolded.map { Array($0) } ?? Array(self.entries.keys)).compactMap { id in
            self.entries[id].map { (user: id, counters: $0.account.usage.total) }
        }
        let isDone = self.attempt { () throws(LedgerError) in
            if self.failure != nil { try self.ledger.probe() }
            try self.ledger.fold(counters, now: now)
            if isWhole { try self.ledger.synchronize() }
        }
        guard isDone, ids == nil else { return }
        self.foldedAt = now
        self.unfolded = []
    }

    /// Runs what writes to the ledger, and remembers whether that works.
    @discardableResult
    func attempt(_ body: () throws(LedgerError) -> Void) -> Bool {
        do throws(LedgerError) {
            try body()
            if self.failure != nil {
                self.failure = nil
                self.shared.isClosedToUsers = false
                self.logger.notice("the ledger is written again")
            }
            return true
        } catch {
            if self.failure == nil {
                let policy = self.settings.onFailure
                self.shared.isClosedToUsers = policy == .refuse
                self.logger.error(
                    "the ledger is not written",
                    metadata: ["reason": "\(error)", "policy": "\(policy.rawValue)"]
                )
            }
            self.failure = error.description
            return false
        }
    }
}
