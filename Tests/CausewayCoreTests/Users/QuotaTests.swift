import CausewayCore
import Synchronization
import Testing

/// A quota that expectations can look at, which want to copy what they look at.
private final class Box: Sendable {
    private let quota: Quota
    private let memory = AccountMemory()

    init(remaining: Int64) {
        self.quota = Quota(self.memory.words())
        self.quota.add(remaining)
    }

    var left: Int64 { self.quota.left }
    var isExhausted: Bool { self.quota.isExhausted }
    func lease() -> Quota.Lease { self.quota.lease() }
    func end(_ count: Int, used: Int) { self.quota.end(count, used: used) }
    func add(_ count: Int64) { self.quota.add(count) }
}

@Suite struct QuotaTests {
    @Test func `what is not used of a lease comes back`() throws {
        let quota = Box(remaining: 100_000)
        let lease = quota.lease()
        #expect(lease == .granted(65_536))
        #expect(quota.left == 100_000 - 65_536)
        quota.end(65_536, used: 500)
        #expect(quota.left == 99_500)
    }

    @Test(arguments: [(Int64(1), 1), (10, 10), (70_000, 65_536), (1 << 40, 2 << 20), (Quota.unlimited, 2 << 20)])
    func `a lease is large far from the end and small near it`(left: Int64, expected: Int) {
        let quota = Box(remaining: left)
        let lease = quota.lease()
        #expect(lease == .granted(expected))
    }

    @Test func `while something is on lease the quota is not exhausted`() {
        let quota = Box(remaining: 10)
        #expect(quota.lease() == .granted(10))
        #expect(quota.lease() == .contended)
        #expect(!quota.isExhausted)
        quota.end(10, used: 10)
        #expect(quota.lease() == .exhausted)
        #expect(quota.isExhausted)
    }

    @Test func `a top-up makes an exhausted quota usable, a smaller quota exhausts it`() {
        let quota = Box(remaining: 0)
        #expect(quota.isExhausted)
        quota.add(7)
        #expect(quota.lease() == .granted(7))
        quota.end(7, used: 0)
        quota.add(-20)
        #expect(quota.isExhausted && quota.left == -13)
        #expect(quota.lease() == .exhausted)
    }

    @Test func `two processes lease from one quota, and what one of them leaves comes back`() {
        let memory = AccountMemory()
        let (old, new) = (Quota(memory.words(side: 0)), Quota(memory.words(side: 1)))
        old.add(10)
        #expect(old.lease() == .granted(10))
        #expect(new.lease() == .contended)
        #expect(!new.isExhausted)
        old.end(10, used: 4)
        #expect(new.lease() == .granted(6))
        #expect(old.lease() == .contended)
        new.end(6, used: 0)
        #expect(old.lease() == .granted(6))
        memory.words(side: 0).end(1)
        #expect(new.lease() == .contended)
        memory.words(side: 1).end(0)
        #expect(new.lease() == .granted(6))
        new.end(6, used: 6)
        #expect(new.lease() == .exhausted)
        #expect(old.isExhausted && new.left == 0)
    }

    @Test func `whoever takes the side of a process that has ended takes back what that had on lease`() {
        let memory = AccountMemory()
        let (ended, other) = (memory.words(side: 0), Quota(memory.words(side: 1)))
        let quota = Quota(ended)
        quota.add(10)
        #expect(quota.lease() == .granted(10))
        #expect(other.lease() == .contended)
        let words = memory.words(side: 0)
        words.begin()
        #expect(other.left == 10)
        #expect(other.lease() == .granted(10))
        other.end(10, used: 10)
        #expect(other.lease() == .exhausted && Quota(words).isExhausted)
    }

    /// Holds what threads share.
    private final class Shared: Sendable {
        let quota: Quota
        let memory = AccountMemory()
        let used = Atomic<Int>(0)
        let early = Atomic<Int>(0)

        init(_ bytes: Int64) {
            self.quota = Quota(self.memory.words())
            self.quota.add(bytes)
        }
    }

    @Test(arguments: [1, 4, 16])
    func `loops that race for the last bytes use exactly all of them`(loops: Int) async {
        let total = 30_000_001
        let shared = Shared(Int64(total))
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<loops {
                group.addTask {
                    var random = UInt64(number + 1)
                    while true {
                        switch shared.quota.lease() {
                        case .granted(let count):
                            random = random &* 6_364_136_223_846_793_005 &+ 1
                            let used = Int(random >> 33) % (count + 1)
                            shared.used.wrappingAdd(used, ordering: .relaxed)
                            shared.quota.end(count, used: used)
                        case .contended: await Task.yield()
                        case .exhausted:
                            if shared.used.load(ordering: .relaxed) != total {
                                shared.early.wrappingAdd(1, ordering: .relaxed)
                            }
                            return
                        }
                    }
                }
            }
        }
        #expect(shared.used.load(ordering: .relaxed) == total)
        #expect(shared.early.load(ordering: .relaxed) == 0)
    }
}
