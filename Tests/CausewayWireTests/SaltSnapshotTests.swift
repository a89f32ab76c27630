import CausewayBytes
import Testing

@testable import CausewayWire

@Suite struct SaltSnapshotTests {
    private static let clock: UnixSeconds = 1_700_000_000

    private func salt(_ number: UInt64) -> Salt {
        var salt = Salt()
        salt.words = [number, number &* 3, 1, 0]
        return salt
    }

    private func time(_ seconds: Int) -> Instant { Instant(nanoseconds: 1 << 40) + .seconds(seconds) }

    private func insert(_ number: UInt64, into memory: inout SaltGenerations, at seconds: Int) -> Bool {
        let clock = Self.clock + UInt64(seconds)
        return memory.insert(self.salt(number), timestamp: clock, now: self.time(seconds), clock: clock)
    }

    @Test func `what one memory knows the other knows too, for as long`() throws {
        var old = SaltGenerations(seed: 1, now: self.time(0))
        for number in 1...500 { #expect(self.insert(UInt64(number), into: &old, at: number / 5)) }
        var new = SaltGenerations(seed: 2, now: self.time(100))
        #expect(self.insert(1_000, into: &new, at: 100))
        let rest = try new.restore(old.snapshot(now: self.time(100))[...])
        #expect(rest.isEmpty && new.count == 501)
        for number in (1...500) + [1_000] { #expect(!self.insert(UInt64(number), into: &new, at: 101)) }
        #expect(self.insert(501, into: &new, at: 101))
        // The generation that was open is known for a whole span from now on, as if it had been closed here.
        #expect(!self.insert(500, into: &new, at: 161))
    }

    @Test func `what was forgotten stays too old`() throws {
        var old = SaltGenerations(seed: 1, now: self.time(0))
        #expect(self.insert(1, into: &old, at: 0))
        for seconds in [70, 140, 210] { #expect(self.insert(UInt64(seconds), into: &old, at: seconds)) }
        var new = SaltGenerations(seed: 1, now: self.time(210))
        _ = try new.restore(old.snapshot(now: self.time(210))[...])
        // The wall clock was set back.
        let isTaken = new.insert(self.salt(9), timestamp: Self.clock, now: self.time(211), clock: Self.clock)
        #expect(!isTaken)
    }

    @Test func `two snapshots follow each other, and one that is cut anywhere is told`() throws {
        var old = SaltGenerations(seed: 1, now: self.time(0))
        for number in 1...3 { #expect(self.insert(UInt64(number), into: &old, at: 0)) }
        let words = old.snapshot(now: self.time(1))
        var new = SaltGenerations(seed: 1, now: self.time(1))
        #expect(try new.restore((words + [7])[...]) == [7])
        for count in 0..<words.count {
            var cut = SaltGenerations(seed: 1, now: self.time(1))
            #expect(throws: SaltGenerations.Malformed()) { try cut.restore(words[..<count]) }
        }
    }

    @Test func `an empty memory has an empty snapshot`() throws {
        let words = SaltGenerations(seed: 1, now: self.time(0)).snapshot(now: self.time(0))
        var new = SaltGenerations(seed: 1, now: self.time(0))
        #expect(try new.restore(words[...]).isEmpty && new.count == 0)
        #expect(words == [0, 0, 0])
    }
}
