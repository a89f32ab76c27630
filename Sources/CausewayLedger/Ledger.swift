import CausewayCore
import GRDB
import GRDBSQLite
import Glibc

/// Users, plans and usage, kept over restarts: a SQLite database, and a file of live counters that is folded into it.
///
/// What the counters of an epoch have reached when they are folded is written down in the same transaction as the usage
/// that comes of it. So a fold can be repeated, by this process or by the next one after `kill -9`, and counts nothing
/// twice.
///
/// Not safe to share: used by one thread at a time.
public final class Ledger {
    let files: LedgerFiles?
    private let loops: Int
    let database: DatabaseQueue
    private(set) var counters: CounterFile
    /// What was worth telling when the ledger was opened, or became so later.
    public private(set) var notices: [String] = []
    /// In the order of their ids.
    public internal(set) var users: [Int64: UserRecord] = [:]
    var identifiers: [String: Int64] = [:]
    /// Why the ledger could not be written when it was opened, although it could be read: what an earlier run has counted
    /// is still to be folded, and is counted on.
    public private(set) var failureAtOpening: LedgerError?
    /// Whether another process writes the ledger now.
    public internal(set) var isHandedOver = false
    /// The epoch before ours, where the database does not know yet that ours has begun.
    private var unsaidEpoch: String?

    /// The epoch's name in the database, which knows no unsigned numbers.
    var epochName: String { String(self.counters.epoch, radix: 16) }

    /// Opens the ledger in `directory`, or makes one there; one in memory alone where that is `nil`.
    ///
    /// What an earlier run has counted and not folded is folded now or, where the disk is full, later: then its counters
    /// are counted on in, and ``failureAtOpening`` says why.
    ///
    /// - Parameters:
    ///   - loops: the loops that count.
    ///   - now: seconds since 1970.
    /// - Throws: ``LedgerError`` where there is no ledger to be had; then nothing was changed.
    public init(directory: String?, loops: Int, now: Int64) throws(LedgerError) {
        self.loops = loops
        self.files = try directory.map { path throws(LedgerError) in
            let files = try LedgerFiles(directory: path)
            guard Self.isFree(files.counters) else { throw .inUse(path: path) }
            return files
        }
        let database = try Self.open(self.files?.database)
        let epoch = UInt64.random(in: 1...UInt64.max)
        let identity: UInt64
        do {
            identity = try Self.identity(of: database)
            self.counters = CounterFile(path: self.files?.newCounters, ledger: identity, epoch: epoch, loops: loops)
        } catch {
            throw .notWritable(reason: "\(error)")
        }
        self.database = database
        do {
            try self.load()
            try self.takeOver(identity, now: now)
        } catch let error as LedgerError {
            throw error
        } catch {
            throw .notWritable(reason: "\(error)")
        }
    }

    /// Takes over a ledger from another process, which goes on counting for its sessions: in the same epoch, on a side of
    /// its own of the same file of counters.
    ///
    /// - Parameter loops: as many as the other process has, at most.
    /// - Throws: ``LedgerError``, and then nothing was changed.
    public init(loops: Int, takingOver succession: LedgerSuccession) throws(LedgerError) {
        self.loops = loops
        let files = LedgerFiles(directory: succession.directory, sharing: succession.lock)
        self.files = files
        self.database = try Self.open(files.database)
        do throws(CounterFile.Foreign) {
            let identity = try Self.identityToTakeOver(self.database)
            self.counters = try CounterFile(resuming: files.counters, ledger: identity, loops: loops)
        } catch .crowded {
            throw .tooManyProcesses(AccountWords.sides)
        } catch {
            throw .system(path: files.counters, reason: "\(error)")
        }
        do {
            guard try self.database.read({ try Self.meta("epoch", in: $0) }) == self.epochName else {
                throw LedgerError.system(path: files.counters, reason: "is of another epoch than the ledger")
            }
            try self.load()
            try self.recallFolds()
        } catch let error as LedgerError {
            throw error
        } catch {
            throw .notWritable(reason: "\(error)")
        }
    }

    /// Whether nobody counts in the file at `path`. Processes whose successor has died end at once; they are waited for,
    /// up to ten seconds.
    private static func isFree(_ path: String) -> Bool {
        for _ in 0..<200 {
            if !CounterFile.isInUse(path) { return true }
            usleep(50_000)
        }
        return false
    }

    private static func identityToTakeOver(_ database: DatabaseQueue) throws(CounterFile.Foreign) -> UInt64 {
        do {
            return try self.identity(of: database)
        } catch {
            throw .unreadable("\(error)")
        }
    }

    private static func open(_ path: String?) throws(LedgerError) -> DatabaseQueue {
        var configuration = GRDB.Configuration()
        configuration.busyMode = .timeout(5)
        configuration.prepareDatabase { db in
            // What a power failure takes of the last transactions is in the counters, which go to the disk more often.
            try db.execute(sql: "PRAGMA synchronous = NORMAL")
            try db.execute(sql: "PRAGMA cache_size = -1024")
            // The files beside the database stay when it is closed, the log empty, as it has a limit: so a node can start
            // while the disk is full.
            try db.execute(sql: "PRAGMA journal_size_limit = 4194304")
            var isKept: CInt = 1
            sqlite3_file_control(db.sqliteConnection, nil, SQLITE_FCNTL_PERSIST_WAL, &isKept)
        }
        do {
            guard let path else {
                let queue = try DatabaseQueue(configuration: configuration)
                try Schema.migrator.migrate(queue)
                return queue
            }
            configuration.journalMode = .wal
            let queue = try DatabaseQueue(path: path, configuration: configuration)
            let verdict = try queue.read { try String.fetchOne($0, sql: "PRAGMA quick_check(1)") }
            guard verdict == "ok" else { throw LedgerError.notALedger(path: path, reason: verdict ?? "no verdict") }
            if try queue.read(Schema.migrator.hasBeenSuperseded) { throw LedgerError.tooNew(path: path) }
            try Schema.migrator.migrate(queue)
            return queue
        } catch let error as LedgerError {
            throw error
        } catch let error as DatabaseError {
            let reason = error.message ?? "\(error.resultCode)"
            switch error.resultCode {
            case .SQLITE_NOTADB, .SQLITE_CORRUPT, .SQLITE_ERROR:
                throw .notALedger(path: path ?? "", reason: reason)
            default: throw .system(path: path ?? "", reason: reason)
            }
        } catch {
            throw .system(path: path ?? "", reason: "\(error)")
        }
    }

    /// A random number that the ledger and its counters know each other by.
    private static func identity(of database: DatabaseQueue) throws -> UInt64 {
        let known = try database.read { try Self.meta("identity", in: $0) }
        if let identity = known.flatMap({ UInt64($0, radix: 16) }) { return identity }
        return try database.write { db in
            let identity = UInt64.random(in: 1...UInt64.max)
            try Self.setMeta("identity", String(identity, radix: 16), in: db)
            return identity
        }
    }

    static func meta(_ key: String, in db: Database) throws -> String? {
        try String.fetchOne(db, sql: "SELECT value FROM meta WHERE key = ?", arguments: [key])
    }

    static func setMeta(_ key: String, _ value: String, in db: Database) throws {
        try db.execute(sql: "INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", arguments: [key, value])
    }

    // MARK: - Taking over

    /// Folds what an earlier run has left and begins an epoch.
    private func takeOver(_ identity: UInt64, now: Int64) throws {
        guard let files = self.files else {
            return try self.database.write { try Self.setMeta("epoch", self.epochName, in: $0) }
        }
        var usage: [(user: Int64, traffic: Traffic)] = []
        var old: UInt64?
        do throws(CounterFile.Foreign) {
            if let recovered = try CounterFile.recover(path: files.counters, ledger: identity) {
                old = recovered.epoch
                usage = recovered.usage
            }
        } catch {
            let reason =
                switch error {
                case .unreadable(let reason), .malformed(let reason): reason
                case .crowded: "as many processes count in it as can"
                }
            guard let place = files.setAside(files.counters, now: now) else {
                throw LedgerError.system(path: files.counters, reason: "is not this ledger's (\(reason)), and stays")
            }
            self.notices.append("counters set aside as \(place): \(reason)")
        }
        let (present, previous) = try self.database.read { db in
            (try Self.meta("epoch", in: db), try Self.meta("previous_epoch", in: db))
        }
        if let old, present != String(old, radix: 16) {
            // Of the epoch before: the process ended between the fold and the new file.
            if previous != String(old, radix: 16), present != nil {
                let place = files.setAside(files.counters, now: now) ?? files.counters
                self.notices.append("counters set aside as \(place): they are of another epoch")
            }
            usage = []
        }
        do {
            try self.begin(with: usage, of: old, now: now)
        } catch let error as DatabaseError where Self.mayPass(error) {
            let isFolded = old.map { present != String($0, radix: 16) } ?? true
            return try self.goOn(from: isFolded ? nil : old, after: old, identity, files, LedgerError(error))
        }
        if self.counters.failure != nil || !files.installNewCounters() {
            let reason = self.counters.failure ?? "it cannot be put in place"
            self.notices.append("\(files.counters) cannot be had, counters are in memory alone: \(reason)")
        }
    }

    private func begin(with usage: [(user: Int64, traffic: Traffic)], of epoch: UInt64?, now: Int64) throws {
        let name = epoch.map { String($0, radix: 16) } ?? ""
        let records = try self.database.write { db in
            let folded = try Self.folded(of: name, in: db)
            var changed: [(user: Int64, counters: Traffic)] = []
            for (user, counters) in usage {
                guard self.users[user] != nil else { continue }
                self.users[user]?.folded = folded[user] ?? Traffic()
                changed.append((user, counters))
            }
            let records = try self.write(changed, epoch: name, hour: now / 3600, in: db)
            try Self.setMeta("previous_epoch", name, in: db)
            try Self.setMeta("epoch", self.epochName, in: db)
            return records
        }
        for record in records { self.users[record.id] = record }
        for id in self.users.keys { self.users[id]?.folded = Traffic() }
    }

    /// Whether the reason is one that may go away while the node runs.
    private static func mayPass(_ error: DatabaseError) -> Bool {
        switch error.resultCode {
        case .SQLITE_FULL, .SQLITE_IOERR, .SQLITE_READONLY, .SQLITE_BUSY, .SQLITE_LOCKED, .SQLITE_CANTOPEN: true
        default: false
        }
    }

    /// Goes on without a new epoch, as the database cannot be told of one.
    ///
    /// - Parameters:
    ///   - unfolded: the epoch of a file with counts that the database has not got: they are counted on.
    ///   - old: the epoch of the file that there is.
    private func goOn(
        from unfolded: UInt64?,
        after old: UInt64?,
        _ identity: UInt64,
        _ files: LedgerFiles,
        _ failure: LedgerError
    ) throws {
        self.failureAtOpening = failure
        files.removeNewCounters()
        guard unfolded != nil else {
            self.counters = CounterFile(path: nil, ledger: identity, epoch: self.counters.epoch, loops: self.loops)
            for id in self.users.keys { self.users[id]?.folded = Traffic() }
            self.unsaidEpoch = old.map { String($0, radix: 16) } ?? ""
            self.notices.append("counters are in memory alone: \(failure)")
            return
        }
        do throws(CounterFile.Foreign) {
            self.counters = try CounterFile(resuming: files.counters, ledger: identity, loops: self.loops)
        } catch {
            throw failure
        }
        try self.recallFolds()
        self.notices.append("what was counted before is folded later: \(failure)")
    }

    /// What of the counters of an epoch is in the database, by the users' ids.
    static func folded(of epoch: String, in db: Database) throws -> [Int64: Traffic] {
        let marks = try Row.fetchAll(
            db,
            sql: "SELECT id, fold_up, fold_down FROM user WHERE fold_epoch = ?",
            arguments: [epoch]
        )
        return Dictionary(
            uniqueKeysWithValues: marks.map { row in
                (row["id"], Traffic(up: self.unsigned(row["fold_up"]), down: self.unsigned(row["fold_down"])))
            }
        )
    }

    /// Learns from the database what of this epoch's counters it has.
    func recallFolds() throws {
        let folded = try self.database.read { try Self.folded(of: self.epochName, in: $0) }
        for id in self.users.keys { self.users[id]?.folded = folded[id] ?? Traffic() }
    }

    /// Says in a transaction that an epoch has begun, where that could not be said before.
    func sayEpoch(in db: Database) throws {
        guard let unsaid = self.unsaidEpoch else { return }
        try Self.setMeta("previous_epoch", unsaid, in: db)
        try Self.setMeta("epoch", self.epochName, in: db)
    }

    /// The transaction is committed.
    func epochIsSaid() { self.unsaidEpoch = nil }

    // MARK: - Counters

    /// Where the loops count a user's bytes.
    public func allocatePlace(for user: Int64) throws(LedgerError) -> AccountPlace {
        try self.counters.allocate(for: user)
    }

    /// Why counters lie in memory alone, so that `kill -9` would take those of the last seconds; `nil` where they do not.
    public var volatility: String? {
        guard self.files != nil else { return nil }
        return self.counters.failure ?? (self.counters.isInFile ? nil : self.failureAtOpening?.description)
    }

    /// Brings the counters to the disk: what was counted before is there after a power failure.
    ///
    /// - Throws: `LedgerError.notWritable`.
    public func synchronize() throws(LedgerError) {
        try self.counters.synchronize()
    }

    static func signed(_ value: UInt64) -> Int64 { Int64(clamping: value) }
    static func unsigned(_ value: Int64) -> UInt64 { UInt64(clamping: value) }
}
