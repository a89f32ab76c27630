import CausewayBytes
import CausewayConfig
import CausewayCore
import CausewayCrypto
import CausewayIO
import CausewayLedger
import CausewayWire

/// Changing users while traffic flows. Under the lock; each change is in the ledger before it is in force.
extension UserService {
    func add(_ profiles: [UserProfile], now: Int64) throws(LedgerError) -> [UserRecord] {
        // Zones first: reading one is nothing to do within a transaction.
        for profile in profiles { _ = self.zone(profile.plan.zone) }
        let records = try self.ledger.add(profiles, now: now) { plan in
            plan.cycle.start(containing: now, anchor: now, in: self.zone(plan.zone)) ?? now
        }
        self.publish(try self.open(records, now: now))
        return records
    }

    /// - Parameter version: what the caller has seen; `nil` for whatever there is.
    func change(
        _ id: Int64,
        to profile: UserProfile,
        version: Int64?,
        now: Int64
    ) throws(LedgerError) -> UserRecord {
        guard let old = self.ledger.users[id], let entry = self.entries[id] else {
            throw .noSuchUser(profile.name)
        }
        let zone = self.zone(profile.plan.zone)
        var start = old.cycleStart
        if old.profile.plan.cycle == .none {
            start = profile.plan.cycle.start(containing: now, anchor: old.createdAt, in: zone) ?? start
        }
        let new = try self.ledger.change(id, to: profile, version: version, cycleStart: start)
        entry.account.quota.add(new.limit - old.limit)
        entry.account.words.noteChange()
        self.put(new, over: old.profile, now: now)
        return new
    }

    /// Makes what the ledger has of a user hold for it; the quota aside, which is kept in one place for all processes.
    func put(_ record: UserRecord, over old: UserProfile, now: Int64) {
        guard var entry = self.entries[record.id] else { return }
        let profile = record.profile
        let account = entry.account
        entry.zone = self.zone(profile.plan.zone)
        entry.nextCycle = profile.plan.cycle.next(after: record.cycleStart, anchor: record.createdAt, in: entry.zone)
        entry.generation = account.words.generation
        account.set(profile.plan.limits)
        account.standing = Self.standing(of: profile, now: now)
        let keys = self.placeKeys(of: profile, in: &entry, was: old.keys, now: now)
        self.changeDirectory(adding: keys.added, removing: keys.removed)
        let hasOtherPassword = old.password != profile.password
        if hasOtherPassword { self.setPassword(of: profile, account) }
        entry.due = Self.due(entry, profile, now: now)
        self.keep(entry, of: record.id)
        if !keys.added.isEmpty || !keys.removed.isEmpty || hasOtherPassword { self.publish([]) }
        self.shared.loops.cut(account)
        // Its sockets may send at the plan's rate.
        self.shared.loops.congestionHasChanged()
    }

    func remove(_ ids: [Int64]) throws(LedgerError) {
        self.fold(ids, now: self.clock())
        let records = ids.compactMap { self.ledger.users[$0] }
        try self.ledger.remove(ids)
        self.drop(records)
    }

    /// Takes users out of use that the ledger has no more.
    func drop(_ records: [UserRecord]) {
        var keys: [Secret] = []
        for record in records {
            guard let entry = self.entries.removeValue(forKey: record.id) else { continue }
            entry.account.words.noteChange()
            entry.account.standing = .removed
            keys += record.profile.keys.map(\.secret)
            var profile = record.profile
            profile.password = nil
            self.setPassword(of: profile, entry.account)
            self.shared.loops.cut(entry.account)
        }
        self.changeDirectory(adding: [], removing: keys)
        self.publish([])
    }

    func topUp(_ id: Int64, by bytes: UInt64) throws(LedgerError) -> UserRecord {
        guard let old = self.ledger.users[id], let account = self.entries[id]?.account else {
            throw .noSuchUser("\(id)")
        }
        try self.ledger.topUp(id, by: bytes)
        let new = self.ledger.users[id] ?? old
        account.quota.add(new.limit - old.limit)
        return new
    }

    /// Forgets what was used of the quota in this cycle.
    func reset(_ id: Int64) throws(LedgerError) -> UserRecord {
        let now = self.clock()
        guard let account = self.entries[id]?.account else { throw .noSuchUser("\(id)") }
        try self.ledger.fold([(id, account.usage.total)], now: now)
        guard let old = self.ledger.users[id] else { throw .noSuchUser("\(id)") }
        try self.ledger.resetUsage(of: id, now: now)
        account.quota.add(Int64(clamping: old.used.total))
        return self.ledger.users[id] ?? old
    }

    // MARK: - The configuration's list

    /// Makes the users that the configuration lists what it says, and removes those that it listed before. What was
    /// added by other hands stays.
    ///
    /// - Returns: what was done, a line for each user that it was done to.
    func reconcile(_ users: [Configuration.User]) throws(LedgerError) -> [String] {
        let now = self.clock()
        let plan = self.plan(for: users)
        // Who goes first, as somebody who comes may have the same key.
        if !plan.removed.isEmpty { try self.remove(plan.removed) }
        try self.giveUpKeys(plan, now: now)
        for (id, profile) in plan.changed { _ = try self.change(id, to: profile, version: nil, now: now) }
        if !plan.added.isEmpty { _ = try self.add(plan.added, now: now) }
        return plan.lines
    }

    /// Takes those keys from users that are to be others', for a key is one user's at a time.
    private func giveUpKeys(_ plan: Reconciliation, now: Int64) throws(LedgerError) {
        var owners: [String: Int64] = [:]
        for (id, profile) in plan.changed {
            for key in profile.keys { owners[key.secret.withBytes { Base64.encode($0) }] = id }
        }
        for (id, _) in plan.changed {
            guard var profile = self.ledger.users[id]?.profile else { continue }
            let before = profile.keys.count
            profile.keys.removeAll { key in
                owners[key.secret.withBytes { Base64.encode($0) }].map { $0 != id } ?? false
            }
            if profile.keys.count < before { _ = try self.change(id, to: profile, version: nil, now: now) }
        }
    }

    /// What is to be done so that the ledger has the users that the configuration lists.
    struct Reconciliation {
        var removed: [Int64] = []
        var changed: [(id: Int64, profile: UserProfile)] = []
        var added: [UserProfile] = []
        /// A line for each of them.
        var lines: [String] = []
    }

    func plan(for users: [Configuration.User]) -> Reconciliation {
        var plan = Reconciliation()
        let listed = Set(users.map(\.name))
        let gone = self.ledger.users.values.filter { $0.profile.isDeclared && !listed.contains($0.profile.name) }
        plan.removed = gone.map(\.id)
        plan.lines = gone.map { "user \($0.profile.name): removed" }.sorted()
        for user in users {
            var profile = UserProfile(name: user.name)
            profile.note = user.note
            profile.keys = user.keys.map { UserProfile.Key(secret: $0) }
            profile.password = user.password
            profile.plan = user.plan
            profile.isEnabled = user.isEnabled
            profile.isDeclared = true
            guard let old = self.ledger.user(named: user.name) else {
                plan.added.append(profile)
                plan.lines.append("user \(user.name): added")
                continue
            }
            guard old.profile != profile else { continue }
            plan.changed.append((old.id, profile))
            let differences = Self.differences(from: old.profile, to: profile)
            plan.lines.append("user \(user.name): \(differences.joined(separator: ", "))")
        }
        return plan
    }

    /// What differs, for people; never a key or a password.
    static func differences(from old: UserProfile, to new: UserProfile) -> [String] {
        var lines: [String] = []
        func compare<Value: Equatable>(_ name: String, _ old: Value, _ new: Value, _ text: (Value) -> String) {
            if old != new { lines.append("\(name) \(text(old)) -> \(text(new))") }
        }
        compare("quota", old.plan.quota, new.plan.quota) { $0.map { ByteCount(bytes: $0).description } ?? "none" }
        compare("cycle", old.plan.cycle, new.plan.cycle) { $0.description }
        compare("zone", old.plan.zone, new.plan.zone) { $0 }
        compare("expires", old.plan.expires, new.plan.expires) { $0.map { "\($0)" } ?? "never" }
        compare("rate up", old.plan.limits.rateUp, new.plan.limits.rateUp) { $0?.description ?? "none" }
        compare("rate down", old.plan.limits.rateDown, new.plan.limits.rateDown) { $0?.description ?? "none" }
        compare("connections", old.plan.limits.connections, new.plan.limits.connections) { "\($0)" }
        compare("devices", old.plan.limits.devices, new.plan.limits.devices) { "\($0)" }
        compare("enabled", old.isEnabled, new.isEnabled) { "\($0)" }
        if old.keys != new.keys { lines.append("keys changed") }
        if old.password != new.password { lines.append("password changed") }
        if old.note != new.note { lines.append("note changed") }
        if old.isDeclared != new.isDeclared { lines.append(new.isDeclared ? "now listed" : "listed no more") }
        return lines
    }
}
