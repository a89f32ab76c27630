import CausewayCore
import TestSupport
import Testing

@Suite struct WarmTargetTests {
    @Test func `there is one as long as nobody comes, and none where none may be`() {
        #expect(WarmTarget(maximum: 16).count == 1)
        var none = WarmTarget(maximum: 0)
        none.missed()
        none.taken(left: 0)
        none.expired()
        #expect(none.count == 0)
    }

    @Test func `misses double the number up to its bound`() {
        var target = WarmTarget(maximum: 12)
        var counts: [Int] = []
        for _ in 0..<5 {
            target.missed()
            counts.append(target.count)
        }
        #expect(counts == [2, 4, 8, 12, 12])
    }

    @Test func `what grows old unused lowers it again, down to one`() {
        var target = WarmTarget(maximum: 8)
        for _ in 0..<3 { target.missed() }
        for _ in 0..<20 { target.expired() }
        #expect(target.count == 1)
    }

    /// Sessions come at random, 20 a second on the average; a new socket takes 150 ms.
    @Test func `a steady demand finds a socket almost always`() {
        var random = SeededGenerator(seed: 11)
        var target = WarmTarget(maximum: 16)
        var ready = 0
        var connecting: [Int] = []
        var misses = 0
        var sessions = 0
        for millisecond in 0..<120_000 {
            ready += connecting.count { $0 == millisecond }
            connecting.removeAll { $0 <= millisecond }
            if random.next() % 50 == 0 {
                let counts = millisecond > 10_000
                if counts { sessions += 1 }
                if ready > 0 {
                    ready -= 1
                    target.taken(left: ready)
                } else {
                    target.missed()
                    if counts { misses += 1 }
                }
            }
            while ready + connecting.count < target.count { connecting.append(millisecond + 150) }
        }
        #expect(sessions > 1_500)
        #expect(100 * misses < 3 * sessions, "\(misses) of \(sessions)")
        #expect(target.count <= 16)
    }
}
