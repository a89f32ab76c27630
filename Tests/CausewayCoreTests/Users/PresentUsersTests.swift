import CausewayBytes
import CausewayCore
import Glibc
import Synchronization
import TestSupport
import Testing

@Suite struct PresentUsersTests {
    /// Accounts whose memory is as old as they are.
    private struct Accounts {
        let memory: [(words: AccountMemory, usage: UnsafeMutableRawPointer)]
        let all: [UserAccount]

        init(_ count: Int) {
            self.memory = (0..<count).map { _ in
                let usage = UnsafeMutableRawPointer.allocate(byteCount: UsageCounters.width, alignment: 8)
                usage.initializeMemory(as: UInt8.self, repeating: 0, count: UsageCounters.width)
                return (AccountMemory(), usage)
            }
            self.all = self.memory.enumerated().map { slot, memory in
                let words = memory.words.words()
                words.reset()
                let account = UserAccount(
                    name: "user\(slot)",
                    slot: slot,
                    limits: .init(),
                    standing: .active,
                    usage: UsageCounters(base: memory.usage, stride: UsageCounters.width, columns: 1),
                    words: words
                )
                account.quota.add(.max / 2)
                return account
            }
        }

        func free() { for memory in self.memory { memory.usage.deallocate() } }
    }

    private static let source = IPAddress.v4(0x7f00_0001)

    private func enter(_ account: UserAccount, _ present: PresentUsers) {
        #expect(account.enter(from: Self.source, now: Instant(nanoseconds: 1)) == nil)
        present.note(account)
    }

    @Test func `who has come is seen once, while there, and once more after the end`() {
        let accounts = Accounts(3)
        defer { accounts.free() }
        let (alice, bob) = (accounts.all[0], accounts.all[1])
        let present = PresentUsers()
        #expect(present.look().isEmpty)
        for _ in 0..<2 { self.enter(alice, present) }
        bob.countAssociations(1)
        present.note(bob)
        for _ in 0..<2 { #expect(present.look().map(\.slot) == [0, 1]) }
        alice.leave()
        bob.countAssociations(-1)
        #expect(present.look().map(\.slot) == [0, 1])
        #expect(present.look().map(\.slot) == [0])
        alice.leave()
        #expect(present.look().map(\.slot) == [0])
        #expect(present.look().isEmpty)
        self.enter(bob, present)
        bob.leave()
        #expect(present.look().map(\.slot) == [1])
        #expect(present.look().isEmpty)
    }

    @Test func `nobody is missed who comes while somebody looks`() throws {
        let accounts = Accounts(1)
        defer { accounts.free() }
        let alice = accounts.all[0]
        let present = PresentUsers()
        let isOver = Atomic(false)
        let looks = Atomic(0)
        let seen = Atomic(0)
        try Background.run {
            while !isOver.load(ordering: .acquiring) {
                seen.store(present.look().count, ordering: .relaxed)
                looks.wrappingAdd(1, ordering: .releasing)
            }
        } while: {
            defer { isOver.store(true, ordering: .releasing) }
            // As often as goes in a while: each round waits for the other thread, which may have no core.
            let deadline = Deadline(seconds: 3)
            for _ in 0..<20_000 where !deadline.hasPassed {
                // Most often she has gone just before, and is still noted. At once, as the moment that counts is short.
                let denial = alice.enter(from: Self.source, now: Instant(nanoseconds: 1))
                present.note(alice)
                guard denial == nil else { throw TestFailure("\(denial as Any)") }
                let before = looks.load(ordering: .acquiring)
                // The second of them has begun after she came.
                while looks.load(ordering: .acquiring) < before + 2 { sched_yield() }
                guard seen.load(ordering: .relaxed) == 1 else { throw TestFailure("she was not seen") }
                alice.leave()
            }
        }
    }
}
