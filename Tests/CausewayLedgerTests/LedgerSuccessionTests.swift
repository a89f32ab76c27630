import CausewayCore
import CausewayCrypto
import Glibc
import TestSupport
import Testing

@testable import CausewayLedger

/// Ledgers of one directory that stand for processes: a lock belongs to an open file, not to a process. A program that
/// another test starts may have that file for a moment too, between fork and exec, so ends are waited for.
@Suite struct LedgerSuccessionTests {
    private static let now: Int64 = 1_800_000_000

    private func ledger(_ directory: TemporaryDirectory) throws -> Ledger {
        try Ledger(directory: directory.path + "/ledger", loops: 2, now: Self.now)
    }

    private func successor(of ledger: Ledger, _ directory: TemporaryDirectory) throws -> Ledger {
        let succession = try #require(try ledger.handOver())
        // As it is with a descriptor that goes to another process.
        let lock = LedgerSuccession(directory: succession.directory, lock: dup(succession.lock))
        return try Ledger(loops: 2, takingOver: lock)
    }

    private func add(_ name: String, to ledger: Ledger) throws -> Int64 {
        var profile = UserProfile(name: name)
        profile.keys = [UserProfile.Key(secret: Secret(Array(name.utf8.prefix(1)) + Array(repeating: 1, count: 15)))]
        return try #require(try ledger.add([profile], now: Self.now) { _ in 0 }.first).id
    }

    @Test func `what both processes count is folded by the new one, once`() throws {
        let directory = try TemporaryDirectory()
        let old = try self.ledger(directory)
        let user = try self.add("alice", to: old)
        let before = try old.allocatePlace(for: user)
        before.counters.up(0).add(10)
        try old.fold([(user, before.counters.total)], now: Self.now)
        before.counters.up(1).add(1)
        let new = try self.successor(of: old, directory)
        old.letGo()
        let after = try new.allocatePlace(for: user)
        #expect(after.isKept && new.hasOthers)
        after.counters.up(0).add(100)
        before.counters.up(0).add(1000)
        #expect(throws: LedgerError.handedOver) { try old.fold([(user, before.counters.total)], now: Self.now) }
        try new.fold([(user, after.counters.total)], now: Self.now)
        #expect(new.user(named: "alice")?.used.up == 1111)
        #expect(throws: LedgerError.inUse(path: directory.path + "/ledger")) { try self.ledger(directory) }
    }

    @Test func `the new process learns that the old one has ended`() throws {
        let directory = try TemporaryDirectory()
        var old: Ledger? = try self.ledger(directory)
        let new = try self.successor(of: try #require(old), directory)
        #expect(new.hasOthers && new.endedSides() == [] && new.freeSides.allSatisfy { $0 > 1 })
        old = nil
        var ended: [Int] = []
        let isSeen = Deadline.wait(20) {
            ended += new.endedSides()
            return !ended.isEmpty
        }
        #expect(isSeen && ended == [0] && !new.hasOthers && new.endedSides() == [])
    }

    @Test func `an attempt that came to nothing leaves the ledger where it was, with what was done meanwhile`() throws {
        let directory = try TemporaryDirectory()
        let old = try self.ledger(directory)
        let alice = try self.add("alice", to: old)
        let place = try old.allocatePlace(for: alice)
        do {
            let new = try self.successor(of: old, directory)
            let bob = try self.add("bob", to: new)
            try new.allocatePlace(for: bob).counters.up(0).add(5)
            try new.allocatePlace(for: alice).counters.down(0).add(7)
        }
        try old.takeBack()
        let bob = try #require(old.user(named: "bob")).id
        let counted = [(alice, place.counters.total), (bob, try old.allocatePlace(for: bob).counters.total)]
        try old.fold(counted.map { (user: $0.0, counters: $0.1) }, now: Self.now)
        #expect(old.user(named: "alice")?.used == Traffic(down: 7))
        #expect(old.user(named: "bob")?.used == Traffic(up: 5))
    }

    @Test func `as many processes count as there are sides, and a side is used again`() throws {
        let directory = try TemporaryDirectory()
        var ledgers = [try self.ledger(directory)]
        let user = try self.add("alice", to: ledgers[0])
        for number in 1..<AccountWords.sides {
            ledgers.append(try self.successor(of: ledgers[number - 1], directory))
        }
        for (number, ledger) in ledgers.enumerated() {
            try ledger.allocatePlace(for: user).counters.up(0).add(1 << UInt64(number))
        }
        let last = try #require(ledgers.last)
        #expect(throws: LedgerError.tooManyProcesses(AccountWords.sides)) {
            try self.successor(of: last, directory)
        }
        try last.takeBack()
        ledgers.remove(at: 1)
        let hasRoom = Deadline.wait(20) { last.freeSides == [1] }
        #expect(hasRoom)
        let next = try self.successor(of: last, directory)
        let place = try next.allocatePlace(for: user)
        place.counters.up(0).add(1 << 10)
        try next.fold([(user, place.counters.total)], now: Self.now)
        let counted: UInt64 = 1 << 10 | (1 << UInt64(AccountWords.sides)) - 1
        #expect(next.user(named: "alice")?.used.up == counted)
    }

    @Test func `a change by the new process is seen by the old one`() throws {
        let directory = try TemporaryDirectory()
        let old = try self.ledger(directory)
        let (alice, bob) = (try self.add("alice", to: old), try self.add("bob", to: old))
        let new = try self.successor(of: old, directory)
        var profile = try #require(new.user(named: "alice")).profile
        profile.isEnabled = false
        _ = try new.change(alice, to: profile, version: nil, cycleStart: 0)
        try new.remove([bob])
        #expect(try old.reread(alice)?.profile == profile)
        #expect(try old.reread(bob) == nil && old.user(named: "bob") == nil)
    }
}
