import CausewayCore
import CausewayLedger
import Logging
import Synchronization

/// Two processes that count for the same users: one that ends with its sessions, and one that has taken over the ledger.
extension UserService {
    /// Hands the ledger over, with all that was counted in it. Afterwards sessions go on being counted and cut here, and
    /// users are what the other process makes of them.
    ///
    /// - Returns: what the other process needs; `nil` for a ledger in memory alone, which it cannot have.
    /// - Throws: `LedgerError` where what was counted would be lost; then nothing is different.
    func handOver() throws(LedgerError) -> LedgerSuccession? {
        let result = self.lock.withLock { _ in
            Result { () throws(LedgerError) -> LedgerSuccession? in
                // The other process would not know of one that has ended.
                self.endOthers()
                self.markAllUnfolded()
                self.fold(now: self.clock(), synchronizing: true)
                if let failure = self.failure { throw .notWritable(reason: failure) }
                return try self.ledger.handOver()
            }
        }
        return try result.get()
    }

    /// Goes on with the ledger, as the other process has not come to anything. Where it cannot be read now, that is tried
    /// again each second.
    func takeBack() {
        self.lock.withLock { _ in self.takeBackLocked() }
    }

    /// The same under the lock.
    func takeBackLocked() {
        self.isToTakeBack = self.ledger.isHandedOver
        guard self.isToTakeBack else { return }
        let old = self.ledger.users
        let isDone = self.attempt { () throws(LedgerError) in try self.ledger.takeBack() }
        guard isDone else { return }
        self.isToTakeBack = false
        self.markAllUnfolded()
        let now = self.clock()
        self.drop(old.values.filter { self.ledger.users[$0.id] == nil })
        for record in self.ledger.users.values {
            if let before = old[record.id] { self.put(record, over: before.profile, now: now) }
        }
        let new = self.ledger.users.values.filter { old[$0.id] == nil }.sorted { $0.id < $1.id }
        self.attempt { () throws(LedgerError) in self.publish(try self.open(new, now: now)) }
        for side in self.ledger.freeSides { self.end(side) }
    }

    /// Whether one more process could count.
    var hasRoomForAnother: Bool { self.lock.withLock { _ in !self.ledger.freeSides.isEmpty } }

    /// Whether another process counts that has handed over to this one.
    var hasOthers: Bool {
        self.lock.withLock { _ in
            self.endOthers()
            return self.ledger.hasOthers
        }
    }

    /// The other process has the ledger for good.
    func letGo() {
        self.lock.withLock { _ in self.ledger.letGo() }
    }

    /// Takes back what processes had on lease that have ended. Under the lock.
    func endOthers() {
        guard self.ledger.hasOthers else { return }
        // They count without our loops, to their end.
        self.markAllUnfolded()
        for side in self.ledger.endedSides() { self.end(side) }
    }

    private func end(_ side: Int) {
        for entry in self.entries.values { entry.account.words.end(side) }
    }

    /// What is done once a second where another process has the ledger. Under the lock.
    ///
    /// Changes are followed of all users: a handshake that was under way is let in or refused by what is known here.
    ///
    /// - Parameters:
    ///   - present: who has sessions that this process may have to end.
    ///   - all: whether to read all users again, whatever is known of changes.
    func follow(_ present: [UserAccount], all: Bool, now: Int64) {
        for (id, entry) in self.entries
        where all || entry.generation != entry.account.words.generation || entry.due <= now {
            self.reread(id, now: now)
        }
        for account in present where account.isPresent { self.enforce(account) }
    }

    /// Does as the other process has left a user.
    private func reread(_ id: Int64, now: Int64) {
        guard let old = self.ledger.users[id], let account = self.entries[id]?.account else { return }
        // Before the user is read: another change may come right after.
        let generation = account.words.generation
        do throws(LedgerError) {
            if let record = try self.ledger.reread(id) {
                self.put(record, over: old.profile, now: now)
                self.entries[id]?.generation = generation
            } else {
                self.drop([old])
            }
        } catch {
            self.logger.warning("a user cannot be read", metadata: ["reason": "\(error)"])
        }
    }
}
