import CausewayBytes
import CausewayCore
import TestSupport
import Testing

@Suite struct GroupSelectorTests {
    private typealias Member = GroupSelector.Member

    private func selector(_ policy: GroupPolicy, _ count: Int, seed: UInt64 = 0) -> GroupSelector {
        GroupSelector(policy: policy, memberCount: count, tolerance: .milliseconds(50), seed: seed)
    }

    private func up(_ milliseconds: Int? = nil, sessions: Int = 0) -> Member {
        Member(isUsable: true, latency: milliseconds.map { .milliseconds($0) }, sessions: sessions)
    }

    private let down = Member(isUsable: false, latency: .milliseconds(1), sessions: 0)

    @Test(arguments: GroupPolicy.allCases)
    func `who is down or was tried is never chosen, and without anybody else nobody is`(policy: GroupPolicy) {
        var selector = self.selector(policy, 4)
        let members = [self.down, self.up(), self.down, self.up()]
        var tried = MemberSet()
        var chosen: Set<Int> = []
        for _ in 0..<2 {
            guard let number = selector.choose(key: 9, tried: tried, member: { members[$0] }) else { break }
            tried.insert(number)
            chosen.insert(number)
        }
        #expect(chosen == [1, 3])
        #expect(selector.choose(key: 9, tried: tried, member: { members[$0] }) == nil)
        let down = self.down
        #expect(selector.choose(key: 9, tried: MemberSet(), member: { _ in down }) == nil)
    }

    @Test func `failover takes the first that works, and goes back to it`() {
        var selector = self.selector(.failover, 3, seed: 2)
        var members = [self.up(), self.up(), self.up()]
        #expect(selector.choose(key: 0, tried: MemberSet(), member: { members[$0] }) == 0)
        members[0] = self.down
        #expect(selector.choose(key: 0, tried: MemberSet(), member: { members[$0] }) == 1)
        members[0] = self.up()
        #expect(selector.choose(key: 0, tried: MemberSet(), member: { members[$0] }) == 0)
    }

    @Test func `latency stays where it is until another is better by more than the tolerance`() {
        var selector = self.selector(.latency, 3)
        func choose(_ members: [Member]) -> Int? {
            selector.choose(key: 0, tried: MemberSet(), member: { members[$0] })
        }
        #expect(choose([self.up(100), self.up(90), self.up()]) == 1)
        #expect(choose([self.up(50), self.up(90), self.up()]) == 1)
        #expect(choose([self.up(40), self.up(90), self.up(1000)]) == 1)
        #expect(choose([self.up(39), self.up(90), self.up()]) == 0)
        #expect(choose([self.down, self.up(90), self.up(95)]) == 1)
        // Once the one that was best works again, the tolerance holds for it too.
        #expect(choose([self.up(60), self.up(90), self.up(95)]) == 1)
    }

    @Test func `a session's second choice does not move the others`() {
        var selector = self.selector(.latency, 2)
        let members = [self.up(10), self.up(200)]
        #expect(selector.choose(key: 0, tried: MemberSet(), member: { members[$0] }) == 0)
        var tried = MemberSet()
        tried.insert(0)
        #expect(selector.choose(key: 0, tried: tried, member: { members[$0] }) == 1)
        #expect(selector.choose(key: 0, tried: MemberSet(), member: { members[$0] }) == 0)
    }

    @Test func `who was never measured comes after everybody who was`() {
        var selector = self.selector(.latency, 2)
        let members = [self.up(), self.up(5_000)]
        #expect(selector.choose(key: 0, tried: MemberSet(), member: { members[$0] }) == 1)
    }

    @Test func `round-robin is fair, also while one is missing`() {
        var selector = self.selector(.roundRobin, 4, seed: 3)
        var members = Array(repeating: self.up(), count: 4)
        members[2] = self.down
        var counts = [0, 0, 0, 0]
        for _ in 0..<300 {
            guard let number = selector.choose(key: 0, tried: MemberSet(), member: { members[$0] }) else { continue }
            counts[number] += 1
        }
        #expect(counts == [100, 100, 0, 100])
    }

    @Test func `least-sessions takes the emptiest, and equals in turn`() {
        var selector = self.selector(.leastSessions, 3)
        let members = [self.up(sessions: 4), self.up(sessions: 2), self.up(sessions: 2)]
        let chosen = (0..<4).map { _ in selector.choose(key: 0, tried: MemberSet(), member: { members[$0] }) }
        #expect(chosen == [1, 2, 1, 2])
    }

    @Test func `hash keeps a customer where it is and moves only those whose member is lost`() {
        var selector = self.selector(.hash, 5)
        var random = SeededGenerator(seed: 3)
        var members = Array(repeating: self.up(), count: 5)
        let keys = (0..<5_000).map { _ in random.next() }
        let before = keys.map { key in selector.choose(key: key, tried: MemberSet(), member: { members[$0] }) }
        for number in 0..<5 {
            let share = before.count { $0 == number }
            #expect((800...1_200).contains(share), "\(number) has \(share) of 5000")
        }
        members[3] = self.down
        for (key, old) in zip(keys, before) {
            let new = selector.choose(key: key, tried: MemberSet(), member: { members[$0] })
            if old == 3 { #expect(new != 3) } else if new != old { Issue.record("\(key) moved without need") }
        }
        members[3] = self.up()
        let after = keys.map { key in selector.choose(key: key, tried: MemberSet(), member: { members[$0] }) }
        #expect(after == before)
    }

    @Test func `keys that differ little are spread as well`() {
        var selector = self.selector(.hash, 4)
        let up = self.up()
        var counts = [0, 0, 0, 0]
        for key in 0..<4_000 as Range<UInt64> {
            if let number = selector.choose(key: key, tried: MemberSet(), member: { _ in up }) { counts[number] += 1 }
        }
        for count in counts { #expect((850...1_150).contains(count), "\(counts)") }
    }

    @Test func `sixty-four members all have their turn`() {
        var selector = self.selector(.roundRobin, 64)
        let up = self.up()
        var seen = MemberSet()
        for _ in 0..<64 {
            guard let number = selector.choose(key: 0, tried: seen, member: { _ in up }) else { continue }
            seen.insert(number)
        }
        #expect(seen.count == 64)
        #expect(selector.choose(key: 0, tried: seen, member: { _ in up }) == nil)
    }
}
