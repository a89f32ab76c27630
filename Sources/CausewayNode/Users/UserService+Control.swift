import CausewayAdmin
import CausewayBytes
import CausewayConfig
import CausewayCore
import CausewayCrypto
import CausewayIO
import CausewayLedger
import Synchronization

/// What the admin API asks about users and does to them.
extension UserService: UserControl {
    func users() throws(ControlError) -> [UserStatus] {
        self.lock.withLock { _ in
            self.ledger.users.values.sorted { $0.profile.name < $1.profile.name }.compactMap { self.status(of: $0) }
        }
    }

    /// Users and ledger, all together.
    func summary() -> NodeStatus.UsersStatus {
        self.lock.withLock { _ in
            NodeStatus.UsersStatus(
                count: self.entries.count,
                refusals: Dictionary(
                    self.shared.denials.all.map { ($0.key.rawValue, $0.value) },
                    uniquingKeysWith: { $0 + $1 }
                ),
                ledger: self.settings.path,
                ledgerLag: UInt64(max(self.clock() - self.foldedAt, 0)),
                ledgerFailure: self.failure,
                volatile: self.ledger.volatility
            )
        }
    }

    func user(_ name: String) throws(ControlError) -> UserStatus {
        try self.locked { () throws(LedgerError) in try self.shown(try self.record(name)) }
    }

    func keys(of name: String) throws(ControlError) -> UserKeys {
        try self.locked { () throws(LedgerError) in Self.keys(of: try self.record(name)) }
    }

    func add(_ users: [UserChange]) throws(ControlError) -> [UserStatus] {
        var profiles: [UserProfile] = []
        for user in users {
            guard let name = user.name else { throw .invalid("name is missing") }
            guard Configuration.isUserName(name) else {
                throw .invalid("name: not 1 to 64 bytes of printable text, without a colon or spaces at its ends")
            }
            var profile = UserProfile(name: name)
            try UserEdit(user).apply(to: &profile, zone: { self.isZone($0) })
            if profile.keys.isEmpty, profile.password == nil {
                profile.keys = [UserProfile.Key(secret: Self.newKey(16))]
            }
            profiles.append(profile)
        }
        let records = try self.locked { () throws(LedgerError) in
            self.noteAdded(profiles.count)
            return try self.add(profiles, now: self.clock())
        }
        return try self.locked { () throws(LedgerError) in records.compactMap { self.status(of: $0) } }
    }

    func change(_ name: String, _ change: UserChange) throws(ControlError) -> UserChanged {
        guard change.name == nil || change.name == name else { throw .invalid("name: cannot be changed") }
        let old = try self.locked { () throws(LedgerError) in try self.record(name) }
        guard !old.profile.isDeclared else {
            throw .conflict("\"\(name)\" is listed in the configuration, which is the place to change it")
        }
        var profile = old.profile
        try UserEdit(change).apply(to: &profile, zone: { self.isZone($0) })
        let new = profile
        return try self.locked { () throws(LedgerError) in
            let record = try self.change(old.id, to: new, version: change.version ?? old.version, now: self.clock())
            return UserChanged(
                user: try self.shown(record),
                changes: Self.differences(from: old.profile, to: record.profile)
            )
        }
    }

    func remove(_ name: String) throws(ControlError) {
        let record = try self.locked { () throws(LedgerError) in try self.record(name) }
        guard !record.profile.isDeclared else {
            throw .conflict("\"\(name)\" is listed in the configuration, which is the place to remove it from")
        }
        try self.locked { () throws(LedgerError) in try self.remove([record.id]) }
    }

    func topUp(_ name: String, _ topUp: TopUp) throws(ControlError) -> UserChanged {
        guard (1...UserPlan.maximumQuota).contains(topUp.bytes) else { throw .invalid("bytes: not from 1 to 2^60") }
        return try self.locked { () throws(LedgerError) in
            let record = try self.topUp(try self.record(name).id, by: topUp.bytes)
            let bytes = ByteCount(bytes: topUp.bytes)
            return UserChanged(user: try self.shown(record), changes: ["\(bytes) more until the end of the cycle"])
        }
    }

    func reset(_ name: String) throws(ControlError) -> UserChanged {
        try self.locked { () throws(LedgerError) in
            let old = try self.shown(try self.record(name))
            let record = try self.reset(try self.record(name).id)
            return UserChanged(user: try self.shown(record), changes: ["used \(old.used) bytes -> 0"])
        }
    }

    func rotate(_ name: String, _ rotation: Rotation) throws(ControlError) -> UserKeys {
        let old = try self.locked { () throws(LedgerError) in try self.record(name) }
        guard !old.profile.isDeclared else {
            throw .conflict("\"\(name)\" is listed in the configuration, which is the place to change it")
        }
        let count = rotation.keyBytes ?? old.profile.keys.first?.secret.count ?? 16
        guard count == 16 || count == 32 else { throw .invalid("key_bytes: neither 16 nor 32") }
        let overlap = rotation.overlap ?? 0
        guard overlap <= 10 * 366 * 86_400 else { throw .invalid("overlap: more than ten years") }
        let now = self.clock()
        var profile = old.profile
        let end = now + Int64(overlap)
        profile.keys =
            overlap == 0
            ? []
            : profile.keys.map { key in
                UserProfile.Key(secret: key.secret, expires: min(key.expires ?? end, end))
            }
        profile.keys.insert(UserProfile.Key(secret: Self.newKey(count)), at: 0)
        guard profile.keys.count <= Configuration.User.maximumKeyCount else {
            throw .conflict("\"\(name)\" has \(Configuration.User.maximumKeyCount) keys already")
        }
        let new = profile
        return try self.locked { () throws(LedgerError) in
            Self.keys(of: try self.change(old.id, to: new, version: old.version, now: now))
        }
    }

    func usage(of name: String, by unit: String) throws(ControlError) -> UsageReport {
        guard ["cycle", "day", "hour"].contains(unit) else { throw .invalid("by: not one of cycle, day, hour") }
        return try self.locked { () throws(LedgerError) in
            let id = try self.record(name).id
            self.fold([id], now: self.clock())
            let record = try self.record(name)
            guard let entry = self.entries[id] else { throw .noSuchUser(name) }
            var periods: [Ledger.Period]
            switch unit {
            case "cycle":
                periods = try self.ledger.cycles(of: id)
                periods.append(
                    Ledger.Period(
                        start: record.cycleStart,
                        end: entry.nextCycle ?? self.clock(),
                        traffic: record.used,
                        quota: record.profile.plan.quota.map { $0 + record.topUp }
                    )
                )
            case "day": periods = Self.days(try self.ledger.hours(of: id, since: 0), entry.zone)
            default: periods = try self.ledger.hours(of: id, since: 0)
            }
            return UsageReport(
                name: name,
                periods: periods.map { period in
                    UsageReport.Period(
                        start: period.start,
                        end: period.end,
                        up: period.traffic.up,
                        down: period.traffic.down,
                        quota: period.quota
                    )
                }
            )
        }
    }

    // MARK: - Parts

    /// Runs `body` under the lock; what the ledger throws is told in the API's words.
    private func locked<Value>(_ body: () throws(LedgerError) -> Value) throws(ControlError) -> Value {
        let result = self.lock.withLock { _ in
            // Safe: everything under the lock is the service's own, and the result is a value.
            nonisolated(unsafe) let result = Result(catching: body)
            return result
        }
        do throws(LedgerError) {
            return try result.get()
        } catch {
            switch error {
            case .noSuchUser: throw .notFound(error.description)
            case .nameTaken, .keyTaken, .conflict: throw .conflict(error.description)
            default: throw .unavailable(error.description)
            }
        }
    }

    private func record(_ name: String) throws(LedgerError) -> UserRecord {
        guard let record = self.ledger.user(named: name) else { throw .noSuchUser(name) }
        return record
    }

    private func shown(_ record: UserRecord) throws(LedgerError) -> UserStatus {
        guard let status = self.status(of: record) else { throw .noSuchUser(record.profile.name) }
        return status
    }

    private func isZone(_ name: String) -> Bool { TimeZoneFile.zone(name) != nil }

    private static func newKey(_ count: Int) -> Secret {
        Secret((0..<count).map { _ in UInt8.random(in: .min ... .max) })
    }

    private static func keys(of record: UserRecord) -> UserKeys {
        UserKeys(
            name: record.profile.name,
            keys: record.profile.keys.map { key in
                UserKeys.Key(key: key.secret.withBytes { Base64.encode($0) }, expires: key.expires)
            }
        )
    }

    /// The hours' usage by days of the zone: an hour belongs to the day in which it begins.
    private static func days(_ hours: [Ledger.Period], _ zone: TimeZoneRules) -> [Ledger.Period] {
        var days: [Ledger.Period] = []
        for hour in hours {
            let date = zone.date(of: hour.start)
            let start = zone.start(of: date)
            if let last = days.last, last.start == start {
                days[days.count - 1].traffic = last.traffic + hour.traffic
            } else {
                let end = zone.start(of: CivilDate(daysSinceEpoch: date.daysSinceEpoch + 1))
                days.append(Ledger.Period(start: start, end: end, traffic: hour.traffic))
            }
        }
        return days
    }

    /// A user with what the loops have counted up to now.
    private func status(of record: UserRecord) -> UserStatus? {
        guard let entry = self.entries[record.id] else { return nil }
        let account = entry.account
        let plan = record.profile.plan
        let (used, total) = self.ledger.present(record, counters: account.usage.total)
        let limit = plan.quota.map { $0 + record.topUp }
        return UserStatus(
            name: record.profile.name,
            note: record.profile.note,
            state: account.denial?.rawValue ?? "active",
            enabled: record.profile.isEnabled,
            declared: record.profile.isDeclared,
            version: record.version,
            keys: record.profile.keys.count,
            hasPassword: record.profile.password != nil,
            quota: plan.quota,
            topUp: record.topUp,
            usedUp: used.up,
            usedDown: used.down,
            left: limit.map { $0 - min($0, used.total) },
            totalUp: total.up,
            totalDown: total.down,
            unanswered: account.unanswered,
            cycle: plan.cycle.description,
            zone: plan.zone,
            cycleStart: record.cycleStart,
            cycleEnd: entry.nextCycle,
            expires: plan.expires,
            createdAt: record.createdAt,
            rateUp: plan.limits.rateUp?.bitsPerSecond,
            rateDown: plan.limits.rateDown?.bitsPerSecond,
            connectionLimit: plan.limits.connections == 0 ? nil : plan.limits.connections,
            connections: account.connectionsOfAll,
            deviceLimit: plan.limits.devices == 0 ? nil : plan.limits.devices,
            devices: plan.limits.devices == 0 ? nil : account.deviceCount(now: HostSystem.now)
        )
    }
}
