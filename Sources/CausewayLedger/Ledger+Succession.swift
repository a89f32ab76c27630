import CausewayCore
import GRDB

/// Handing the ledger over to another process, while this one goes on counting.
extension Ledger {
    /// Writes the ledger no more: every attempt to is a ``LedgerError/handedOver``. What the counters have should be
    /// folded before.
    ///
    /// - Returns: what the other process needs, with a descriptor of this ledger's lock, which stays open here as well;
    ///   `nil` for a ledger in memory alone, which nobody else can have.
    /// - Throws: where counters lie in memory that the other process would not see.
    public func handOver() throws(LedgerError) -> LedgerSuccession? {
        guard let files = self.files else { return nil }
        if let volatility = self.volatility { throw .notWritable(reason: volatility) }
        self.isHandedOver = true
        return LedgerSuccession(directory: files.directory, lock: files.lock)
    }

    /// Processes that may count at one time.
    public static var maximumProcesses: Int { AccountWords.sides }

    /// The other process has the ledger for good: its lock is left to that one.
    public func letGo() {
        self.files?.letGo()
    }

    /// Whether another process counts, or one has ended whose end was not seen yet.
    public var hasOthers: Bool { self.counters.hasOthers }

    /// The sides of processes that have ended since this was asked last: what they had on lease is nobody's any more.
    public func endedSides() -> [Int] { self.counters.endedSides() }

    /// The sides that no process has at present but this one's.
    public var freeSides: [Int] { self.counters.freeSides }

    /// Writes the ledger again, as the other process has not come to anything: with the users that there are now, and
    /// places in the counters for those who are new.
    ///
    /// - Throws: where the ledger cannot be read; then it is as before, and may be taken back later.
    public func takeBack() throws(LedgerError) {
        guard self.isHandedOver else { return }
        do throws(CounterFile.Foreign) {
            try self.counters.goOn()
        } catch {
            throw .system(path: self.files?.counters ?? "", reason: "\(error)")
        }
        let (users, identifiers) = (self.users, self.identifiers)
        do {
            self.users = [:]
            self.identifiers = [:]
            try self.load()
            try self.recallFolds()
        } catch {
            (self.users, self.identifiers) = (users, identifiers)
            throw .notWritable(reason: Self.reason(error))
        }
        self.isHandedOver = false
    }

    /// A user as the process that has the ledger has left it; `nil` where it is gone. The users of this ledger are
    /// brought in line.
    public func reread(_ user: Int64) throws(LedgerError) -> UserRecord? {
        let record = try self.question { db in try Self.fetch(user, in: db) }
        if let record {
            self.users[user] = record
        } else if let old = self.users.removeValue(forKey: user) {
            self.identifiers[old.profile.name] = nil
        }
        return record
    }
}
