import CausewayBytes
import Testing

@testable import CausewayCore

@Suite struct SilenceWatchTests {
    private static func at(_ seconds: Int) -> Instant { Instant(nanoseconds: UInt64(seconds) * 1_000_000_000) }

    private var watch = SilenceWatch(from: .seconds(5), to: .seconds(60), now: Self.at(100))

    /// At which of `seconds` the way is to be looked at, asked one after the other.
    private mutating func looks(at seconds: some Sequence<Int>) -> [Int] {
        seconds.filter { self.watch.isOver(now: Self.at($0)) }
    }

    @Test mutating func `a way is looked at after a silence, and not again before the next`() {
        let before = self.looks(at: 100...104)
        self.watch.heard(now: Self.at(104))
        let after = self.looks(at: 105...120)
        #expect(before == [] && after == [109, 114, 119])
        #expect(!self.watch.isDoubtful)
    }

    @Test mutating func `looking in vain is done half as often each time, up to the longest silence`() {
        var looks: [Int] = []
        for second in 100...300 where !self.looks(at: [second]).isEmpty {
            looks.append(second - 100)
            self.watch.wasInVain()
            #expect(self.watch.isDoubtful)
        }
        #expect(looks == [5, 15, 35, 75, 135, 195])
    }

    @Test(arguments: [true, false])
    mutating func `what is heard, and another way, end the doubt`(isHeard: Bool) {
        for second in [105, 115] {
            let looks = self.looks(at: [second])
            #expect(looks == [second])
            self.watch.wasInVain()
        }
        if isHeard { self.watch.heard(now: Self.at(115)) } else { self.watch.wasMended() }
        #expect(!self.watch.isDoubtful)
        let looks = self.looks(at: 116...121)
        #expect(looks == [120])
    }
}
