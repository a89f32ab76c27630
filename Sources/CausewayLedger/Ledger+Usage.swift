public import CausewayCore
import GRDB

/// Folding counters, ending cycles, and what is asked about usage.
extension Ledger {
    /// Adds what the counters of users have reached, beyond what was folded before, to their usage.
    ///
    /// - Parameters:
    ///   - counters: the values themselves, of users that the ledger has.
    ///   - now: seconds since 1970; the usage counts for this hour.
    /// - Throws: `LedgerError.notWritable`, and then nothing was folded, and everything will be the next time.
    public func fold(_ counters: [(user: Int64, counters: Traffic)], now: Int64) throws(LedgerError) {
        let changed = counters.filter { self.users[$0.user].map { $0.folded } != $0.counters }
        guard !changed.isEmpty else { return }
        let records = try self.transaction { db in
            try self.write(changed, epoch: self.epochName, hour: now / 3600, in: db)
        }
        for record in records { self.users[record.id] = record }
    }

    /// Ends the cycle of a user at `end`, once; another begins at `start`, with no usage and no top-up. Nothing is kept of
    /// cycles between the two.
    ///
    /// Everything that is to count for the old cycle is folded before.
    public func endCycle(of user: Int64, at end: Int64, beginningAt start: Int64) throws(LedgerError) {
        guard let old = self.users[user], old.cycleStart < end else { return }
        var new = old
        new.cycleStart = start
        new.used = Traffic()
        new.topUp = 0
        try self.transaction { db in
            try self.keep(old, until: end, in: db)
            try Self.write(usageOf: new, in: db)
        }
        self.users[user] = new
    }

    /// Finds out whether the ledger can be written.
    public func probe() throws(LedgerError) {
        try self.transaction { db in try Self.setMeta("probe", "", in: db) }
    }

    /// Starts the present cycle's count anew, for a user who is to be charged nothing for it; what was used is kept in
    /// the history.
    public func resetUsage(of user: Int64, now: Int64) throws(LedgerError) {
        guard let old = self.users[user] else { return }
        var new = old
        new.used = Traffic()
        new.version &+= 1
        try self.transaction { db in
            try Self.write(usageOf: new, in: db)
            try Self.write(versionOf: new, in: db)
        }
        self.users[user] = new
    }

    /// Adds `bytes` to the quota of the present cycle.
    public func topUp(_ user: Int64, by bytes: UInt64) throws(LedgerError) {
        guard let old = self.users[user] else { return }
        var new = old
        new.topUp = min(old.topUp + min(bytes, UserPlan.maximumQuota), UserPlan.maximumQuota)
        new.version &+= 1
        try self.transaction { db in
            try Self.write(usageOf: new, in: db)
            try Self.write(versionOf: new, in: db)
        }
        self.users[user] = new
    }

    private func keep(_ record: UserRecord, until end: Int64, in db: Database) throws {
        let quota = record.profile.plan.quota.map { Self.signed($0 + record.topUp) }
        try db.execute(
            sql: """
                INSERT INTO usage_cycle (user_id, start, end, up, down, quota) VALUES (?, ?, ?, ?, ?, ?)
                ON CONFLICT DO UPDATE SET end = excluded.end, up = up + excluded.up, down = down + excluded.down
                """,
            arguments: [
                record.id, record.cycleStart, end, Self.signed(record.used.up), Self.signed(record.used.down), quota,
            ]
        )
    }

    /// Writes what of `changed` has come since the last fold. Gives back the records as they are once that is committed.
    func write(
        _ changed: [(user: Int64, counters: Traffic)],
        epoch: String,
        hour: Int64,
        in db: Database
    ) throws -> [UserRecord] {
        var records: [UserRecord] = []
        let mark = try db.cachedStatement(
            sql: """
                UPDATE user SET used_up = ?, used_down = ?, total_up = ?, total_down = ?,
                    fold_epoch = ?, fold_up = ?, fold_down = ? WHERE id = ?
                """
        )
        let add = try db.cachedStatement(
            sql: """
                INSERT INTO usage_hour (user_id, hour, up, down) VALUES (?, ?, ?, ?)
                ON CONFLICT DO UPDATE SET up = up + excluded.up, down = down + excluded.down
                """
        )
        for (user, counters) in changed {
            guard var record = self.users[user] else { continue }
            // A counter can have been corrected downwards since; then there is less, not more.
            let up = Int64(bitPattern: counters.up &- record.folded.up)
            let down = Int64(bitPattern: counters.down &- record.folded.down)
            record.used = Self.sum(record.used, up, down)
            record.total = Self.sum(record.total, up, down)
            record.folded = counters
            try mark.execute(arguments: [
                Self.signed(record.used.up), Self.signed(record.used.down),
                Self.signed(record.total.up), Self.signed(record.total.down),
                epoch, Self.signed(counters.up), Self.signed(counters.down), user,
            ])
            if up != 0 || down != 0 { try add.execute(arguments: [user, hour, up, down]) }
            records.append(record)
        }
        return records
    }

    private static func sum(_ traffic: Traffic, _ up: Int64, _ down: Int64) -> Traffic {
        Traffic(
            up: self.unsigned(self.signed(traffic.up) &+ up),
            down: self.unsigned(self.signed(traffic.down) &+ down)
        )
    }

    static func write(usageOf record: UserRecord, in db: Database) throws {
        try db.execute(
            sql: "UPDATE user SET cycle_start = ?, top_up = ?, used_up = ?, used_down = ? WHERE id = ?",
            arguments: [
                record.cycleStart, self.signed(record.topUp), self.signed(record.used.up),
                self.signed(record.used.down), record.id,
            ]
        )
    }

    static func write(versionOf record: UserRecord, in db: Database) throws {
        try db.execute(sql: "UPDATE user SET version = ? WHERE id = ?", arguments: [record.version, record.id])
    }

    // MARK: - Questions

    /// What a user has used in this cycle, and ever, with what the counters have beyond the last fold.
    public func present(_ record: UserRecord, counters: Traffic) -> (used: Traffic, total: Traffic) {
        let up = Int64(bitPattern: counters.up &- record.folded.up)
        let down = Int64(bitPattern: counters.down &- record.folded.down)
        return (Self.sum(record.used, up, down), Self.sum(record.total, up, down))
    }

    /// Usage within a length of time.
    public struct Period: Equatable, Sendable {
        /// Seconds since 1970.
        public var start: Int64
        public var end: Int64
        public var traffic: Traffic
        /// The quota of a cycle, top-ups included.
        public var quota: UInt64?

        public init(start: Int64, end: Int64, traffic: Traffic, quota: UInt64? = nil) {
            self.start = start
            self.end = end
            self.traffic = traffic
            self.quota = quota
        }
    }

    /// The usage of the hours from `since` on that had any, the oldest first.
    public func hours(of user: Int64, since: Int64) throws(LedgerError) -> [Period] {
        try self.question { db in
            try Row.fetchAll(
                db,
                sql: "SELECT hour, up, down FROM usage_hour WHERE user_id = ? AND hour >= ? ORDER BY hour",
                arguments: [user, since / 3600]
            ).map { row in
                // A row of somebody else's making may have any number.
                let start = (row["hour"] as Int64) &* 3600
                return Period(start: start, end: start &+ 3600, traffic: Self.traffic(row))
            }
        }
    }

    /// The cycles that are over, the oldest first.
    public func cycles(of user: Int64) throws(LedgerError) -> [Period] {
        try self.question { db in
            try Row.fetchAll(
                db,
                sql: "SELECT start, end, up, down, quota FROM usage_cycle WHERE user_id = ? ORDER BY start",
                arguments: [user]
            ).map { row in
                let quota: Int64? = row["quota"]
                return Period(
                    start: row["start"],
                    end: row["end"],
                    traffic: Self.traffic(row),
                    quota: quota.map { Self.unsigned($0) }
                )
            }
        }
    }

    /// Forgets the hours before `time`.
    public func forgetHours(before time: Int64) throws(LedgerError) {
        try self.transaction { db in
            try db.execute(sql: "DELETE FROM usage_hour WHERE hour < ?", arguments: [time / 3600])
        }
    }

    private static func traffic(_ row: Row) -> Traffic {
        Traffic(up: self.unsigned(row["up"]), down: self.unsigned(row["down"]))
    }

    // MARK: - Transactions

    /// Runs `body` as a transaction: all of it is written, or nothing.
    func transaction<Value>(_ body: (Database) throws -> Value) throws(LedgerError) -> Value {
        guard !self.isHandedOver else { throw .handedOver }
        do {
            let value = try self.database.write { db in
                try self.sayEpoch(in: db)
                return try body(db)
            }
            self.epochIsSaid()
            return value
        } catch let error as LedgerError {
            throw error
        } catch {
            throw .notWritable(reason: Self.reason(error))
        }
    }

    func question<Value>(_ body: (Database) throws -> Value) throws(LedgerError) -> Value {
        do {
            return try self.database.read(body)
        } catch {
            throw .notWritable(reason: Self.reason(error))
        }
    }

    static func reason(_ error: any Error) -> String {
        guard let error = error as? DatabaseError else { return "\(error)" }
        return error.message ?? "\(error.resultCode)"
    }
}

extension LedgerError {
    /// What a failure of the database to write means.
    init(_ error: DatabaseError) {
        self = .notWritable(reason: Ledger.reason(error))
    }
}
