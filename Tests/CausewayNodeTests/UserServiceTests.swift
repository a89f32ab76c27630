import CausewayAdmin
import CausewayBytes
import CausewayConfig
import CausewayCore
import CausewayIO
import CausewayLedger
import Glibc
import Logging
import Synchronization
import TestSupport
import Testing

@testable import CausewayNode

@Suite struct UserServiceTests {
    /// A clock that stands where the test puts it.
    private final class Clock: Sendable {
        private let value: Atomic<Int64>

        init(_ now: Int64) { self.value = Atomic(now) }

        var now: Int64 {
            get { self.value.load(ordering: .relaxed) }
            set { self.value.store(newValue, ordering: .relaxed) }
        }
    }

    /// A service on a ledger of its own, without loops.
    private final class World {
        let directory: TemporaryDirectory
        let clock = Clock(1_780_000_000)
        var service: UserService

        init(_ users: String = "") throws {
            self.directory = try TemporaryDirectory()
            self.service = try Self.make(self.directory, users, self.clock)
        }

        /// The same ledger, and perhaps other users in the configuration.
        func restart(_ users: String = "") throws {
            self.service.stop()
            // One process has a ledger at a time: the old service has to be gone.
            self.service = try Self.make(try TemporaryDirectory(), "", self.clock)
            let deadline = Deadline(seconds: 20)
            while true {
                do {
                    self.service = try Self.make(self.directory, users, self.clock)
                    return
                } catch let error as LedgerError {
                    // A process that another test starts at this moment has the lock, until it is another program.
                    guard case .inUse = error, !deadline.hasPassed else { throw error }
                    usleep(10_000)
                }
            }
        }

        /// What another process gets from `service`.
        func handOver(_ service: UserService?) throws -> LedgerSuccession {
            let succession = try #require(try service?.handOver())
            return LedgerSuccession(directory: succession.directory, lock: dup(succession.lock))
        }

        /// A service that has taken over the ledger.
        func successor(by succession: LedgerSuccession) throws -> UserService {
            try Self.make(self.directory, "", self.clock, succession: succession)
        }

        private static func make(
            _ directory: TemporaryDirectory,
            _ users: String,
            _ clock: Clock,
            succession: LedgerSuccession? = nil
        ) throws -> UserService {
            let file = try directory.write(
                """
                listeners: [{ name: l, type: mixed, address: "127.0.0.1:1", users: true, exit: out }]
                exits: [{ name: out, type: direct }]
                \(users.isEmpty ? "" : "users:\n\(users)")
                ledger: { path: ledger }

                """,
                to: "node.yaml"
            )
            let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            let limits = SharedState.Limits(
                loops: 2,
                buffers: 1,
                sessions: 1,
                drained: 1,
                cachedNames: 0,
                associations: 512,
                pipes: 1
            )
            return try UserService(
                try Configuration.load(path: file),
                succession: succession,
                shared: SharedState(limits: limits, resolver: .init(), log: CauseLog(logger: logger)),
                logger: logger,
                clock: { clock.now }
            )
        }

        var account: UserAccount? { self.service.entries.values.first?.account }

        /// What the database has of the first user's usage in this cycle.
        var folded: UInt64? { self.service.ledger.users.values.first?.used.total }

        /// A session of the first user, from its begin to its end, in which `body` happens.
        func session(_ body: (UserAccount) throws -> Void) throws {
            let account = try #require(self.account)
            #expect(account.enter(from: .v4(0x7f00_0001), now: HostSystem.now) == nil)
            self.service.shared.presentUsers.note(account)
            try body(account)
            account.leave()
        }
    }

    private func added(_ fill: (inout UserChange) -> Void) throws -> World {
        let world = try World()
        var change = UserChange(name: "alice")
        fill(&change)
        _ = try world.service.add([change])
        return world
    }

    @Test func `what is counted is in the database soon, and what is counted last as well`() throws {
        let world = try self.added { _ in }
        for _ in 0..<5 { world.service.checkpoint() }
        #expect(world.folded == 0)
        try world.session { account in
            account.usage.up(0).add(10)
            for _ in 0..<5 { world.service.checkpoint() }
            #expect(world.folded == 10)
            account.usage.down(1).add(5)
            world.service.checkpoint()
            account.usage.down(1).add(2)
        }
        for _ in 0..<5 { world.service.checkpoint() }
        #expect(world.folded == 17)
        // A session that no look falls into.
        try world.session { $0.usage.up(1).add(3) }
        for _ in 0..<5 { world.service.checkpoint() }
        #expect(world.folded == 20)
    }

    @Test(arguments: ["monthly@1", "monthly@31", "days:7"])
    func `a cycle ends once, also when the node was down for several`(cycle: String) throws {
        let world = try self.added { change in
            change.quota = .set(1_000)
            change.cycle = cycle
            change.zone = "Europe/Berlin"
        }
        _ = try world.service.topUp("alice", TopUp(bytes: 500))
        let account = try #require(world.account)
        account.usage.up(0).add(600)
        account.usage.down(1).add(100)
        account.quota.add(-700)
        let before = try world.service.user("alice")
        #expect(before.used == 700 && before.left == 800)
        // The node goes down, and comes back three months later.
        try world.restart()
        world.clock.now += 95 * 86_400
        world.service.checkpoint()
        world.service.checkpoint()
        let after = try world.service.user("alice")
        #expect(after.used == 0 && after.left == 1_000 && after.topUp == 0)
        #expect(after.totalUp == 600 && after.totalDown == 100)
        #expect(after.cycleStart <= world.clock.now && (after.cycleEnd ?? 0) > world.clock.now)
        let cycles = try world.service.usage(of: "alice", by: "cycle").periods
        #expect(cycles.count == 2 && cycles[0].up + cycles[0].down == 700 && cycles[0].quota == 1_500)
        #expect(cycles[0].start == before.cycleStart && cycles[0].end == before.cycleEnd)
        #expect(world.account?.quota.left == 1_000)
    }

    @Test func `a plan ends at its moment, and goes on when it is made longer`() throws {
        let world = try self.added { $0.expires = .set(1_780_000_100) }
        let account = try #require(world.account)
        world.service.checkpoint()
        #expect(account.denial == nil)
        world.clock.now = 1_780_000_100
        world.service.checkpoint()
        #expect(account.denial == .expired)
        var longer = UserChange()
        longer.expires = .set(1_780_000_200)
        let changed = try world.service.change("alice", longer)
        #expect(account.denial == nil && changed.changes == ["expires 1780000100 -> 1780000200"])
        world.clock.now = 1_780_000_200
        world.service.checkpoint()
        #expect(account.denial == .expired)
    }

    @Test func `a plan that a wrong clock has ended goes on when the clock is set back`() throws {
        let world = try self.added { $0.expires = .set(1_780_000_100) }
        let account = try #require(world.account)
        world.clock.now = 1_780_100_000
        world.service.checkpoint()
        #expect(account.denial == .expired)
        world.clock.now = 1_780_000_050
        world.service.checkpoint()
        #expect(account.denial == nil)
        world.clock.now = 1_780_000_100
        world.service.checkpoint()
        #expect(account.denial == .expired)
    }

    @Test func `what processes had on lease that have ended unseen is there for the next one`() throws {
        let world = try self.added { $0.quota = .set(1_000) }
        func account(_ service: UserService?) throws -> UserAccount {
            try #require(service?.entries.values.first?.account)
        }
        func enter(_ service: UserService?) throws {
            #expect(try account(service).enter(from: .v4(0x7f00_0001), now: HostSystem.now) == nil)
        }
        /// Waits for an end: a program that another test starts may have the file for a moment, too.
        func isFree(_ side: Int, for service: UserService) -> Bool {
            Deadline.wait(20) { service.ledger.freeSides.contains(side) }
        }
        var first: UserService? = world.service
        world.service = try World().service
        try enter(first)
        #expect(try account(first).quota.lease() == .granted(1_000))
        var second: UserService? = try world.successor(by: try world.handOver(first))
        #expect(try account(second).quota.lease() == .contended)
        // Whoever hands over sees that one has ended before it.
        first = nil
        #expect(isFree(0, for: try #require(second)))
        let lock = try world.handOver(second)
        #expect(try account(second).quota.left == 1_000 && account(second).connectionsOfAll == 0)
        // Those who end from now on are seen by nobody: one on the side that the next one takes, one on another.
        var third: UserService? = try world.successor(by: lock)
        try enter(second)
        try enter(third)
        #expect(try account(third).quota.lease() == .granted(1_000))
        let fourth = try world.successor(by: try world.handOver(third))
        let last = try world.handOver(fourth)
        (second, third) = (nil, nil)
        #expect(isFree(0, for: fourth) && isFree(1, for: fourth))
        let fifth = try world.successor(by: last)
        #expect(fifth.ledger.freeSides == [1, 3])
        #expect(try account(fifth).quota.left == 1_000 && account(fifth).connectionsOfAll == 0)
    }

    @Test func `keys overlap for as long as the admin says`() throws {
        let world = try self.added { _ in }
        let account = try #require(world.account)
        let old = try world.service.keys(of: "alice").keys[0].key
        let keys = try world.service.rotate("alice", Rotation(overlap: 60)).keys
        #expect(keys.map(\.key).contains(old) && keys[1].expires == world.clock.now + 60)
        #expect(account.credentials.nonzeroBitCount == 2)
        world.clock.now += 60
        world.service.checkpoint()
        #expect(account.credentials.nonzeroBitCount == 1)
        #expect(try world.service.keys(of: "alice").keys.map(\.key) == [keys[0].key])
        let last = try world.service.rotate("alice", Rotation()).keys
        #expect(last.count == 1 && last[0].key != keys[0].key)
    }

    @Test func `the configuration's list is made so, and what others have added stays`() throws {
        let key = Credentials.key(.aes128)
        let world = try World(#"  - { name: alice, key: "\#(key)", quota: 5 }"# + "\n  - { name: bob, password: x }")
        _ = try world.service.add([UserChange(name: "carol")])
        #expect(throws: ControlError.self) { try world.service.remove("bob") }
        #expect(throws: ControlError.self) { try world.service.change("alice", UserChange()) }
        try world.restart(#"  - { name: alice, key: "\#(key)", quota: 6 }"#)
        #expect(try world.service.users().map(\.name) == ["alice", "carol"])
        #expect(try world.service.user("alice").quota == 6)
        // Two who change keys.
        let other = Credentials.key(.aes128)
        func pair(_ first: String, _ second: String) -> String {
            #"  - { name: alice, key: "\#(first)" }"# + "\n" + #"  - { name: bob, key: "\#(second)" }"#
        }
        try world.restart(pair(key, other))
        try world.restart(pair(other, key))
        #expect(try world.service.keys(of: "alice").keys.map(\.key) == [other])
        #expect(try world.service.keys(of: "bob").keys.map(\.key) == [key])
        // The key's place does not matter to whom it belongs.
        try world.restart(#"  - { name: dora, key: "\#(key)" }"#)
        #expect(try world.service.users().map(\.name) == ["carol", "dora"])
    }

    @Test func `a change that comes late is told so, and one that makes no sense`() throws {
        let world = try self.added { _ in }
        var change = UserChange()
        change.note = "x"
        change.version = 1
        _ = try world.service.change("alice", change)
        let conflict = #expect(throws: ControlError.self) { try world.service.change("alice", change) }
        #expect(conflict == .conflict("\"alice\" has been changed meanwhile: it is at version 2"))
        let wrong: [(inout UserChange) -> Void] = [
            { $0.quota = .set(UInt64.max) }, { $0.cycle = "monthly@32" }, { $0.zone = "../etc" },
            { $0.rateUp = .set(1) }, { $0.devices = .set(0) }, { $0.connections = .set(-1) }, { $0.keys = ["AAAA"] },
            { $0.note = "a\u{7}" }, { $0.password = .set("") }, { $0.expires = .set(-1) }, { $0.name = "bob" },
        ]
        for make in wrong {
            var change = UserChange()
            make(&change)
            let error = #expect(throws: ControlError.self) { try world.service.change("alice", change) }
            guard case .invalid = error else {
                Issue.record("\(change): \(String(describing: error))")
                continue
            }
        }
        for name in ["", " a", "a:b", "a\nb", String(repeating: "x", count: 65)] {
            #expect(throws: ControlError.self) { try world.service.add([UserChange(name: name)]) }
        }
        #expect(throws: ControlError.conflict("there is a user \"alice\" already")) {
            try world.service.add([UserChange(name: "bob"), UserChange(name: "alice")])
        }
        #expect(try world.service.users().map(\.name) == ["alice"])
    }

    @Test func `a ledger that is locked loses nothing, and is written again by itself`() throws {
        let world = try self.added { _ in }
        let account = try #require(world.account)
        let holder = try ChildProcess([
            "python3", "-c",
            """
            import sqlite3, time
            db = sqlite3.connect("\(world.directory.path)/ledger/ledger.sqlite", isolation_level=None)
            db.execute("BEGIN IMMEDIATE")
            print("held", flush=True)
            time.sleep(60)
            """,
        ])
        let isHeld = Deadline.wait(30) { !holder.output.isEmpty }
        #expect(isHeld)
        try world.session { $0.usage.up(0).add(123) }
        for _ in 0..<5 where world.service.failure == nil { world.service.checkpoint() }
        #expect(world.service.failure != nil)
        #expect(world.service.summary().ledgerFailure != nil)
        account.usage.up(0).add(7)
        #expect(try world.service.user("alice").used == 130)
        holder.kill()
        _ = try holder.waitForExit()
        world.service.checkpoint()
        #expect(world.service.failure == nil && world.folded == 130)
        try world.restart()
        #expect(try world.service.user("alice").used == 130)
    }
}
