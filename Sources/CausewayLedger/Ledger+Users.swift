import CausewayBytes
public import CausewayCore
import CausewayCrypto
import GRDB

/// Reading and changing users.
extension Ledger {
    public func user(named name: String) -> UserRecord? { self.identifiers[name].flatMap { self.users[$0] } }

    /// Adds users, all or none.
    ///
    /// - Parameter cycleStart: when the user's first cycle began, in seconds since 1970.
    public func add(
        _ profiles: [UserProfile],
        now: Int64,
        cycleStart: (UserPlan) -> Int64
    ) throws(LedgerError) -> [UserRecord] {
        let records = try self.transaction { db in
            var records: [UserRecord] = []
            for profile in profiles {
                var record = UserRecord(
                    id: 0,
                    profile: profile,
                    version: 1,
                    createdAt: now,
                    cycleStart: cycleStart(profile.plan),
                    topUp: 0,
                    used: Traffic(),
                    total: Traffic(),
                    folded: Traffic()
                )
                try self.insert(&record, in: db)
                try Self.insertKeys(of: record, in: db)
                records.append(record)
            }
            return records
        }
        for record in records {
            self.users[record.id] = record
            self.identifiers[record.profile.name] = record.id
        }
        return records
    }

    /// Sets a user's profile; the name stays.
    ///
    /// - Parameter version: what the user was read at; `nil` changes it whatever it has become.
    /// - Throws: `LedgerError.conflict` where somebody else was faster.
    public func change(
        _ user: Int64,
        to profile: UserProfile,
        version: Int64?,
        cycleStart: Int64
    ) throws(LedgerError) -> UserRecord {
        guard let old = self.users[user] else { throw .noSuchUser(profile.name) }
        if let version, version != old.version {
            throw .conflict(user: old.profile.name, version: old.version)
        }
        var new = old
        new.profile = profile
        new.profile.name = old.profile.name
        new.cycleStart = cycleStart
        new.version &+= 1
        try self.transaction { db in
            try db.execute(
                sql: """
                    UPDATE user SET note = ?, password = ?, enabled = ?, declared = ?, quota = ?, cycle = ?, zone = ?,
                        expires = ?, rate_up = ?, rate_down = ?, connections = ?, devices = ?, version = ?,
                        cycle_start = ? WHERE id = ?
                    """,
                arguments: StatementArguments(Self.values(new.profile)) + [new.version, new.cycleStart, user]
            )
            try db.execute(sql: "DELETE FROM user_key WHERE user_id = ?", arguments: [user])
            try Self.insertKeys(of: new, in: db)
        }
        self.users[user] = new
        return new
    }

    /// Removes users with all that is known of them.
    public func remove(_ users: [Int64]) throws(LedgerError) {
        try self.transaction { db in
            for user in users { try db.execute(sql: "DELETE FROM user WHERE id = ?", arguments: [user]) }
        }
        for user in users {
            if let record = self.users.removeValue(forKey: user) { self.identifiers[record.profile.name] = nil }
        }
    }

    // MARK: - Rows

    func load() throws {
        try self.database.read { db in
            var keys: [Int64: [UserProfile.Key]] = [:]
            let rows = try Row.fetchCursor(
                db,
                sql: "SELECT user_id, key, expires FROM user_key ORDER BY user_id, place"
            )
            while let row = try rows.next() {
                if let key = Self.key(row) { keys[row["user_id"], default: []].append(key) }
            }
            let users = try Row.fetchCursor(db, sql: "SELECT * FROM user ORDER BY id")
            while let row = try users.next() {
                let record = Self.record(row, keys: keys[row["id"]] ?? [])
                self.users[record.id] = record
                self.identifiers[record.profile.name] = record.id
            }
        }
    }

    /// The user as it is in the database, but for what was folded.
    static func fetch(_ user: Int64, in db: Database) throws -> UserRecord? {
        guard let row = try Row.fetchOne(db, sql: "SELECT * FROM user WHERE id = ?", arguments: [user]) else {
            return nil
        }
        let keys = try Row.fetchAll(
            db,
            sql: "SELECT key, expires FROM user_key WHERE user_id = ? ORDER BY place",
            arguments: [user]
        )
        return Self.record(row, keys: keys.compactMap { Self.key($0) })
    }

    /// `nil` for what is no key, whoever has written it.
    private static func key(_ row: Row) -> UserProfile.Key? {
        guard let bytes = Base64.decode(row["key"] as String), [16, 32].contains(bytes.count) else { return nil }
        return UserProfile.Key(secret: Secret(bytes), expires: row["expires"])
    }

    private static func record(_ row: Row, keys: [UserProfile.Key]) -> UserRecord {
        var profile = UserProfile(name: row["name"])
        profile.note = row["note"]
        profile.keys = keys
        profile.password = (row["password"] as String?).map { Secret(Array($0.utf8)) }
        profile.isEnabled = row["enabled"]
        profile.isDeclared = row["declared"]
        profile.plan.quota = (row["quota"] as Int64?).map { self.unsigned($0) }
        profile.plan.cycle = Cycle(row["cycle"] as String) ?? .none
        profile.plan.zone = row["zone"]
        profile.plan.expires = row["expires"]
        profile.plan.limits = UserAccount.Limits(
            rateUp: (row["rate_up"] as Int64?).map { BitRate(bitsPerSecond: self.unsigned($0)) },
            rateDown: (row["rate_down"] as Int64?).map { BitRate(bitsPerSecond: self.unsigned($0)) },
            connections: row["connections"],
            devices: row["devices"]
        )
        return UserRecord(
            id: row["id"],
            profile: profile,
            version: row["version"],
            createdAt: row["created"],
            cycleStart: row["cycle_start"],
            topUp: self.unsigned(row["top_up"]),
            used: Traffic(up: self.unsigned(row["used_up"]), down: self.unsigned(row["used_down"])),
            total: Traffic(up: self.unsigned(row["total_up"]), down: self.unsigned(row["total_down"])),
            folded: Traffic()
        )
    }

    private func insert(_ record: inout UserRecord, in db: Database) throws {
        let statement = try db.cachedStatement(
            sql: """
                INSERT INTO user (note, password, enabled, declared, quota, cycle, zone, expires, rate_up, rate_down,
                    connections, devices, version, cycle_start, name, created, top_up, used_up, used_down,
                    total_up, total_down, fold_epoch, fold_up, fold_down)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0, 0, 0, 0, '', 0, 0)
                """
        )
        do {
            try statement.execute(
                arguments: StatementArguments(Self.values(record.profile))
                    + [record.version, record.cycleStart, record.profile.name, record.createdAt]
            )
        } catch let error as DatabaseError where error.resultCode == .SQLITE_CONSTRAINT {
            throw LedgerError.nameTaken(record.profile.name)
        }
        record.id = db.lastInsertedRowID
    }

    /// The columns from `note` to `devices`.
    private static func values(_ profile: UserProfile) -> [(any DatabaseValueConvertible)?] {
        let plan = profile.plan
        let password = profile.password.map { secret in secret.withBytes { String(decoding: $0, as: UTF8.self) } }
        return [
            profile.note, password, profile.isEnabled, profile.isDeclared, plan.quota.map { self.signed($0) },
            plan.cycle.description, plan.zone, plan.expires,
            plan.limits.rateUp.map { self.signed($0.bitsPerSecond) },
            plan.limits.rateDown.map { self.signed($0.bitsPerSecond) },
            plan.limits.connections, plan.limits.devices,
        ]
    }

    private static func insertKeys(of record: UserRecord, in db: Database) throws {
        let statement = try db.cachedStatement(
            sql: "INSERT INTO user_key (key, user_id, place, expires) VALUES (?, ?, ?, ?)"
        )
        for (place, key) in record.profile.keys.enumerated() {
            let text = key.secret.withBytes { Base64.encode($0) }
            do {
                try statement.execute(arguments: [text, record.id, place, key.expires])
            } catch let error as DatabaseError where error.resultCode == .SQLITE_CONSTRAINT {
                throw LedgerError.keyTaken(user: record.profile.name)
            }
        }
    }
}
