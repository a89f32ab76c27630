import CausewayBytes
import TestSupport
import Testing

@testable import CausewayWire

@Suite struct SaltMemoryTests {
    /// A memory with its clocks: `time` is seconds on the monotonic clock, the wall clock runs along with an offset.
    private final class Timeline {
        static let start: UInt64 = 1_700_000_000
        private(set) var memory = SaltGenerations(seed: 1, now: Instant(nanoseconds: 0))
        /// Seconds that the wall clock was set forward, or back.
        var step = 0
        private var filler = SeededGenerator(seed: 71)

        /// Inserts a salt whose request is stamped `ahead` of the wall clock.
        func insert(_ salt: UInt8, at time: Double, ahead: Int = 0, timestamp: UInt64? = nil) -> Bool {
            self.insert(Salt(bytes: [UInt8](repeating: salt, count: 16)), at: time, ahead: ahead, timestamp: timestamp)
        }

        /// Inserts a salt that nobody has seen, as traffic does all the time.
        func traffic(at time: Double) -> Bool {
            self.insert(Salt(bytes: self.filler.bytes(16)), at: time, ahead: 0, timestamp: nil)
        }

        private func insert(_ salt: Salt, at time: Double, ahead: Int, timestamp: UInt64?) -> Bool {
            let clock = self.clock(at: time)
            return self.memory.insert(
                salt,
                timestamp: timestamp ?? UInt64(Int(clock) + ahead),
                now: Instant(nanoseconds: UInt64(time * 1_000_000_000)),
                clock: clock
            )
        }

        func clock(at time: Double) -> UInt64 { UInt64(Int(Self.start) + Int(time) + self.step) }
    }

    @Test(arguments: [0, 0.5, 30, 59.5, 60.5, 60.99]) func `refuses a replay after`(seconds: Double) {
        for start in [0.0, 1, 30, 61, 62, 63, 100] {
            let line = Timeline()
            #expect(line.insert(1, at: start, ahead: 30))
            let timestamp = line.clock(at: start) + 30
            #expect(isFresh(timestamp, now: line.clock(at: start + seconds)))
            #expect(!line.insert(1, at: start + seconds, timestamp: timestamp), "from \(start)")
        }
    }

    @Test func `refuses a replay under traffic for as long as it would be fresh`() {
        for start in stride(from: 0.0, through: 130, by: 3.7) {
            let line = Timeline()
            var time = 0.0
            while time < start {
                #expect(line.traffic(at: time))
                time += 1.3
            }
            #expect(line.insert(1, at: start, ahead: 30))
            let timestamp = line.clock(at: start) + 30
            time = start
            while isFresh(timestamp, now: line.clock(at: time)) {
                #expect(line.traffic(at: time))
                #expect(!line.insert(1, at: time, timestamp: timestamp), "from \(start) to \(time)")
                time += 0.9
            }
        }
    }

    @Test func `forgets nothing for 62 seconds, whatever the wall clock says`() {
        for start in 0..<70 {
            let line = Timeline()
            for time in 0...start { #expect(line.traffic(at: Double(time))) }
            line.step = 1000
            for time in 1..<130 {
                #expect(line.traffic(at: Double(start + time)))
                // One salt a second: those of the last 62 s are all there, from before the clock leapt ahead or since.
                #expect(line.memory.count >= min(start + time + 1, 62), "from \(start), after \(time)")
            }
        }
    }

    @Test func `forgets what nobody could use any more`() {
        let line = Timeline()
        var most = 0
        for second in 0..<1000 {
            #expect(line.traffic(at: Double(second)))
            most = max(most, line.memory.count)
        }
        // At most the generation in use, the one before it, and one that waits for the next turn.
        #expect(most <= 3 * 62 + 1 && line.memory.count < 1000)
    }

    @Test func `keeps a salt while the wall clock stands still or goes back`() {
        let line = Timeline()
        #expect(line.insert(1, at: 0))
        let timestamp = line.clock(at: 0)
        for time in stride(from: 10.0, to: 3000, by: 10) {
            line.step = -Int(time)  // The wall clock stands still.
            #expect(line.traffic(at: time))
            #expect(!line.insert(1, at: time, timestamp: timestamp), "at \(time)")
        }
    }

    @Test(arguments: [40, 100, 200, 1000]) func `reopens nothing when the wall clock is set back later`(back: Int) {
        let line = Timeline()
        #expect(line.insert(1, at: 0, ahead: 30))
        let timestamp = line.clock(at: 0) + 30
        for time in 1...1000 { #expect(line.traffic(at: Double(time))) }
        #expect(line.memory.count < 1000)
        line.step = -back
        for time in stride(from: 1000.0, to: 2200, by: 7) {
            #expect(!isFresh(timestamp, now: line.clock(at: time)) || !line.insert(1, at: time, timestamp: timestamp))
        }
        // The clock that stands where the replay would be fresh is the one that counts.
        line.step = -1000
        #expect(isFresh(timestamp, now: line.clock(at: 1001)))
        #expect(!line.insert(1, at: 1001, timestamp: timestamp))
    }

    @Test func `keeps accepting when the clock is set back by little`() {
        let line = Timeline()
        for time in 0..<500 { #expect(line.traffic(at: Double(time))) }
        line.step = -25
        for time in 500..<900 { #expect(line.traffic(at: Double(time)), "at \(time)") }
    }

    @Test func `is not locked or filled for ever by a clock that was wrong by years`() {
        let years = 4 * 365 * 86400
        let line = Timeline()
        line.step = years
        for time in 0..<200 { #expect(line.traffic(at: Double(time))) }
        line.step = 0
        // What is stamped before the forgotten future is refused for an hour and no longer.
        #expect(!line.traffic(at: 200))
        #expect(line.traffic(at: 200 + 3600 + 62))
        #expect(line.traffic(at: 200 + 3600 + 63))
        #expect(line.traffic(at: 200 + 2 * 3600 + 200))
        #expect(line.traffic(at: 200 + 2 * 3600 + 262))
        #expect(line.memory.count <= 4, "salts of the wrong clock are still there")
    }

    @Test func `refuses an all-zero salt`() {
        let line = Timeline()
        #expect(!line.insert(0, at: 0) && line.memory.count == 0)
    }

    @Test func `counts what it remembers`() {
        let line = Timeline()
        for salt in 1...100 { #expect(line.insert(UInt8(salt), at: 1)) }
        #expect(line.memory.count == 100)
        #expect(!line.insert(5, at: 2) && line.memory.count == 100)
    }
}
