import CausewayCore
import CausewayCrypto
import Glibc
import TestSupport
import Testing

@testable import CausewayLedger

@Suite struct LedgerTests {
    private static let now: Int64 = 1_800_000_000

    private func profile(_ name: String, key: UInt8 = 1, quota: UInt64? = nil) -> UserProfile {
        var profile = UserProfile(name: name)
        profile.keys = [UserProfile.Key(secret: Secret(Array(repeating: key, count: 16)))]
        profile.plan.quota = quota
        return profile
    }

    /// A process that another test starts at this moment has the lock of a ledger that was open, until it is another
    /// program.
    private func ledger(_ directory: TemporaryDirectory, loops: Int = 2) throws -> Ledger {
        let deadline = Deadline(seconds: 20)
        while true {
            do {
                return try Ledger(directory: directory.path + "/ledger", loops: loops, now: Self.now)
            } catch {
                guard case .inUse = error, !deadline.hasPassed else { throw error }
                usleep(10_000)
            }
        }
    }

    @Test func `users are there after a restart, as they were`() throws {
        let directory = try TemporaryDirectory()
        var wanted = self.profile("alice", quota: 5)
        wanted.note = "the first"
        wanted.password = Secret(Array("p:w".utf8))
        wanted.plan.cycle = .monthly(day: 31)
        wanted.plan.zone = "Europe/Berlin"
        wanted.plan.expires = 1_900_000_000
        wanted.plan.limits = UserAccount.Limits(rateUp: nil, rateDown: nil, connections: 3, devices: 2)
        wanted.keys.append(UserProfile.Key(secret: Secret(Array(repeating: 9, count: 32)), expires: 77))
        wanted.isEnabled = false
        do {
            let ledger = try self.ledger(directory)
            _ = try ledger.add([wanted], now: Self.now) { _ in 42 }
        }
        let ledger = try self.ledger(directory)
        let record = try #require(ledger.user(named: "alice"))
        #expect(record.profile == wanted && record.cycleStart == 42 && record.createdAt == Self.now)
        #expect(ledger.notices.isEmpty)
    }

    @Test(arguments: [0, 15, 17, 64, 65, 4_096])
    func `what is no key is none, whoever has written it`(count: Int) throws {
        let directory = try TemporaryDirectory()
        var written = self.profile("alice")
        written.keys.append(UserProfile.Key(secret: Secret(Array(repeating: 9, count: count))))
        do {
            _ = try self.ledger(directory).add([written], now: Self.now) { _ in 42 }
        }
        let record = try #require(try self.ledger(directory).user(named: "alice"))
        #expect(record.profile.keys == Array(written.keys.prefix(1)))
    }

    @Test func `what was counted is there after kill -9, once, however often it is folded`() throws {
        let directory = try TemporaryDirectory()
        var expected = Traffic()
        for round in 0..<5 as Range<UInt64> {
            let ledger = try self.ledger(directory)
            if round == 0 { _ = try ledger.add([self.profile("alice")], now: Self.now) { _ in 0 } }
            let user = try #require(ledger.user(named: "alice"))
            #expect(user.used == expected && user.total == expected)
            let counters = try ledger.allocatePlace(for: user.id).counters
            counters.up(0).add(100 + round)
            counters.down(1).add(7)
            if round % 2 == 0 {
                try ledger.fold([(user.id, counters.total)], now: Self.now)
                try ledger.fold([(user.id, counters.total)], now: Self.now)
            }
            counters.up(1).add(1)
            expected = expected + Traffic(up: 101 + round, down: 7)
            // The ledger goes without a word, as a process does that is killed.
        }
        let ledger = try self.ledger(directory)
        let user = try #require(ledger.user(named: "alice"))
        #expect(user.used == expected)
        let hours = try ledger.hours(of: user.id, since: 0)
        #expect(hours.map(\.traffic) == [expected])
    }

    @Test func `a process that ends between the fold and the new file counts nothing twice`() throws {
        let directory = try TemporaryDirectory()
        let files = directory.path + "/ledger"
        do {
            let ledger = try self.ledger(directory)
            _ = try ledger.add([self.profile("alice")], now: Self.now) { _ in 0 }
            let user = try #require(ledger.user(named: "alice"))
            try ledger.allocatePlace(for: user.id).counters.up(0).add(1000)
        }
        let old = try Command.run(["cat", "\(files)/counters"]).output
        do {
            let ledger = try self.ledger(directory)
            #expect(ledger.user(named: "alice")?.used.up == 1000)
        }
        // The file that was folded is back, as if the rename had not happened.
        try directory.write(old, to: "ledger/counters")
        let ledger = try self.ledger(directory)
        #expect(ledger.user(named: "alice")?.used.up == 1000)
        #expect(ledger.notices.isEmpty)
    }

    @Test func `a counter that was corrected downwards takes usage back`() throws {
        let directory = try TemporaryDirectory()
        let ledger = try self.ledger(directory)
        let user = try #require(try ledger.add([self.profile("alice")], now: Self.now) { _ in 0 }.first)
        let counters = try ledger.allocatePlace(for: user.id).counters
        counters.down(0).add(500)
        try ledger.fold([(user.id, counters.total)], now: Self.now)
        counters.down(0).subtract(200)
        try ledger.fold([(user.id, counters.total)], now: Self.now)
        #expect(ledger.user(named: "alice")?.used.down == 300)
    }

    @Test(arguments: ["foreign", "torn", "short", "empty", "garbage"])
    func `counters that are not ours are set aside, and said so`(kind: String) throws {
        let directory = try TemporaryDirectory()
        let files = directory.path + "/ledger"
        do {
            let ledger = try self.ledger(directory)
            _ = try ledger.add([self.profile("alice")], now: Self.now) { _ in 0 }
        }
        var bytes = try Command.run(["cat", "\(files)/counters"]).output
        switch kind {
        case "foreign":
            let other = try TemporaryDirectory()
            _ = try self.ledger(other)
            bytes = try Command.run(["cat", "\(other.path)/ledger/counters"]).output
        case "torn": bytes[33] ^= 0x40
        case "short": bytes = Array(bytes[..<20])
        case "empty": bytes = []
        default: bytes = BytePattern.slice(at: 0, count: 10_000)
        }
        try directory.write(bytes, to: "ledger/counters")
        let ledger = try self.ledger(directory)
        #expect(ledger.notices.count == 1 && ledger.notices.first?.contains("set aside") == true, "\(ledger.notices)")
        #expect(access("\(files)/counters.foreign-\(Self.now)", F_OK) == 0)
        #expect(ledger.user(named: "alice")?.used == Traffic())
    }

    /// A file of the version that knew of one process alone: its node was killed, and then upgraded.
    @Test func `what a version before has counted and not folded is folded`() throws {
        let directory = try TemporaryDirectory()
        let user: Int64
        do {
            let ledger = try self.ledger(directory)
            user = try #require(try ledger.add([self.profile("alice")], now: Self.now) { _ in 0 }.first).id
        }
        let bytes = try Command.run(["head", "-c", "48", directory.path + "/ledger/counters"]).output
        let words = bytes.withUnsafeBytes { bytes in
            (0..<6).map { bytes.loadUnaligned(fromByteOffset: 8 * $0, as: UInt64.self) }
        }
        /// FNV-1a, as in the file.
        func checksum(_ words: [UInt64]) -> UInt64 {
            words.flatMap { word in (0..<8).map { word >> (8 * $0) & 0xff } }
                .reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ $1) &* 0x100_0000_01b3 }
        }
        let header = [words[0], 1, 2, words[3], words[4]]
        var old = (header + [checksum(header)]) + Array(repeating: 0, count: 512 - 6)
        var chunk = [UInt64](repeating: 0, count: 4096 * (2 + 2 * 2))
        // The third place, and both loops' counters.
        chunk[2 * 2] = UInt64(user)
        chunk[2 * 2 + 1] = checksum([UInt64(user), words[4]])
        chunk[4096 * 2 + 2 * 2] = 11
        chunk[4096 * 2 + 2 * 2 + 1] = 22
        chunk[4096 * 4 + 2 * 2] = 100
        old += chunk
        try directory.write(old.withUnsafeBytes { Array($0) }, to: "ledger/counters")
        for _ in 0..<2 {
            let ledger = try self.ledger(directory)
            #expect(ledger.user(named: "alice")?.used == Traffic(up: 111, down: 22))
            #expect(ledger.notices.isEmpty, "\(ledger.notices)")
        }
    }

    @Test func `a ledger in use, a foreign database and a damaged one are refused, and stay as they are`() throws {
        let directory = try TemporaryDirectory()
        let files = directory.path + "/ledger"
        do {
            let ledger = try self.ledger(directory)
            #expect(throws: LedgerError.inUse(path: files)) { try Ledger(directory: files, loops: 2, now: Self.now) }
            _ = ledger
        }
        let garbage = BytePattern.slice(at: 0, count: 50_000)
        try directory.write(garbage, to: "ledger/ledger.sqlite")
        #expect(throws: LedgerError.notALedger(path: "\(files)/ledger.sqlite", reason: "file is not a database")) {
            try self.ledger(directory)
        }
        let isSame = try Command.run(["cat", "\(files)/ledger.sqlite"]).output == garbage
        #expect(isSame)
    }

    @Test func `a cycle ends once, and is remembered`() throws {
        let directory = try TemporaryDirectory()
        let ledger = try self.ledger(directory)
        let user = try #require(try ledger.add([self.profile("alice", quota: 900)], now: 100) { _ in 100 }.first)
        let counters = try ledger.allocatePlace(for: user.id).counters
        counters.up(0).add(10)
        try ledger.topUp(user.id, by: 50)
        try ledger.fold([(user.id, counters.total)], now: 150)
        try ledger.endCycle(of: user.id, at: 200, beginningAt: 200)
        try ledger.endCycle(of: user.id, at: 200, beginningAt: 200)
        counters.up(0).add(5)
        try ledger.fold([(user.id, counters.total)], now: 250)
        let record = try #require(ledger.user(named: "alice"))
        #expect(record.used.up == 5 && record.total.up == 15 && record.cycleStart == 200 && record.topUp == 0)
        let cycles = try ledger.cycles(of: user.id)
        #expect(cycles == [.init(start: 100, end: 200, traffic: Traffic(up: 10), quota: 950)])
    }

    @Test func `names and keys are there once, and a change that comes late is told`() throws {
        let directory = try TemporaryDirectory()
        let ledger = try self.ledger(directory)
        let users = [self.profile("alice", key: 1), self.profile("bob", key: 2)]
        let records = try ledger.add(users, now: 0) { _ in 0 }
        #expect(throws: LedgerError.nameTaken("bob")) {
            try ledger.add([self.profile("carol", key: 3), self.profile("bob", key: 4)], now: 0) { _ in 0 }
        }
        // All or none.
        #expect(ledger.user(named: "carol") == nil)
        #expect(throws: LedgerError.keyTaken(user: "carol")) {
            try ledger.add([self.profile("carol", key: 2)], now: 0) { _ in 0 }
        }
        var alice = records[0]
        alice.profile.note = "x"
        _ = try ledger.change(alice.id, to: alice.profile, version: alice.version, cycleStart: 0)
        #expect(throws: LedgerError.conflict(user: "alice", version: 2)) {
            try ledger.change(alice.id, to: alice.profile, version: alice.version, cycleStart: 0)
        }
        try ledger.remove([alice.id])
        #expect(ledger.user(named: "alice") == nil)
        _ = try ledger.add([self.profile("alice", key: 1)], now: 0) { _ in 0 }
        #expect(ledger.user(named: "alice")?.id == 3)
    }
}
