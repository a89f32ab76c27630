import CausewayIO
import TestSupport
import Testing

@Suite struct TimerWheelTests {
    /// Words of all timers that are due by `now`, in the order in which they fire.
    private static func expire(_ wheel: inout TimerWheel, _ now: UInt64) -> [UInt64] {
        var words: [UInt64] = []
        while let word = wheel.expire(now: now) { words.append(word) }
        return words
    }

    @Test func `timers fire at their tick and not before, near and far`() {
        let dues: [UInt64] = [1, 2, 63, 64, 65, 4095, 4096, 4097, 262_144, 1 << 24, (1 << 30) + 5, (63 << 30) - 1]
        for start in [UInt64(0), 1, 63, 64, 4_000, 1 << 33] {
            var wheel = TimerWheel(now: start)
            for due in dues { _ = wheel.insert(due: start + due, word: due) }
            for due in dues {
                #expect(Self.expire(&wheel, start + due - 1).isEmpty, "\(due) after \(start)")
                #expect(Self.expire(&wheel, start + due) == [due], "\(due) after \(start)")
            }
            #expect(wheel.count == 0 && wheel.next == nil)
        }
    }

    @Test func `what is due in the past fires at the next tick`() {
        var wheel = TimerWheel(now: 1000)
        _ = wheel.insert(due: 5, word: 7)
        #expect(Self.expire(&wheel, 1000).isEmpty)
        #expect(Self.expire(&wheel, 1001) == [7])
    }

    @Test func `a cancelled timer is silent, and its handle names no later one`() {
        var wheel = TimerWheel(now: 0)
        let first = wheel.insert(due: 10, word: 1)
        wheel.cancel(first)
        let second = wheel.insert(due: 10, word: 2)
        wheel.cancel(first)
        wheel.cancel(.none)
        #expect(Self.expire(&wheel, 10) == [2])
        wheel.cancel(second)
        #expect(wheel.count == 0)
    }

    @Test(arguments: 0..<20)
    func `any mixture of inserts, cancels and steps fires as a sorted list does`(seed: Int) {
        var generator = SeededGenerator(seed: UInt64(seed))
        var now = UInt64.random(in: 0...1 << 34, using: &generator)
        var wheel = TimerWheel(now: now)
        var expected: [(due: UInt64, word: UInt64, handle: TimerWheel.Handle)] = []
        for word in 0..<UInt64(3000) {
            switch Int.random(in: 0..<10, using: &generator) {
            case 0..<5:
                let reach = UInt64(1) << UInt64.random(in: 0...20, using: &generator)
                let due = now + UInt64.random(in: 1...reach, using: &generator)
                expected.append((due, word, wheel.insert(due: due, word: word)))
            case 5..<7:
                guard let index = expected.indices.randomElement(using: &generator) else { continue }
                wheel.cancel(expected.remove(at: index).handle)
            default:
                let reach = UInt64(1) << UInt64.random(in: 0...14, using: &generator)
                now += UInt64.random(in: 0...reach, using: &generator)
                if let first = expected.map(\.due).min() {
                    #expect((wheel.next ?? .max) <= first)
                }
                let due = expected.filter { $0.due <= now }.map(\.word).sorted()
                expected.removeAll { $0.due <= now }
                #expect(Self.expire(&wheel, now).sorted() == due)
            }
            #expect(wheel.count == expected.count)
        }
    }
}
