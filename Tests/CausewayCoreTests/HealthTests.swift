import CausewayBytes
import Testing

@testable import CausewayCore

@Suite struct HealthTests {
    private func at(_ seconds: Int) -> Instant { Instant(nanoseconds: UInt64(seconds) * 1_000_000_000) }

    private func health(rise: Int = 2, fall: Int = 3, isChecked: Bool = true) -> Health {
        Health(rule: HealthRule(rise: rise, fall: fall, ejection: .seconds(30), isChecked: isChecked))
    }

    @Test func `a member is tried before anything is known, and falls after so many failures in a row`() {
        var health = self.health()
        #expect(health.state == .unknown && health.isUsable(now: self.at(0)))
        #expect(health.failed(.check, reason: "a", now: self.at(1)) == nil)
        #expect(health.failed(.session, reason: "b", now: self.at(2)) == nil)
        #expect(health.succeeded(.session, latency: nil, now: self.at(3)) == .up)
        #expect(health.failed(.check, reason: "c", now: self.at(4)) == nil)
        #expect(health.failed(.check, reason: "d", now: self.at(5)) == nil)
        #expect(health.isUsable(now: self.at(5)))
        #expect(health.failed(.session, reason: "e", now: self.at(6)) == .down)
        #expect(!health.isUsable(now: self.at(6)) && health.lastFailure == "e")
        #expect(health.changedAt == self.at(6))
    }

    @Test func `a member that is checked rises by checks alone`() {
        var health = self.health(fall: 1)
        #expect(health.failed(.check, reason: "x", now: self.at(0)) == .down)
        for second in 1..<10 { #expect(health.succeeded(.session, latency: nil, now: self.at(second)) == nil) }
        #expect(!health.isUsable(now: self.at(1_000)))
        #expect(health.succeeded(.check, latency: nil, now: self.at(11)) == nil)
        #expect(health.failed(.check, reason: "y", now: self.at(12)) == nil)
        #expect(health.succeeded(.check, latency: nil, now: self.at(13)) == nil)
        #expect(health.succeeded(.check, latency: nil, now: self.at(14)) == .up)
        #expect(health.lastFailure == nil)
    }

    @Test func `who flaps has to prove itself longer each time, up to a bound, and is forgiven`() {
        var health = self.health(rise: 1, fall: 1)
        var now = 0
        func checksToRise() -> Int {
            var count = 0
            while health.state == .down {
                now += 1
                count += 1
                _ = health.succeeded(.check, latency: nil, now: self.at(now))
            }
            return count
        }
        var needed: [Int] = []
        for _ in 0..<6 {
            now += 1
            #expect(health.failed(.check, reason: "x", now: self.at(now)) == .down)
            needed.append(checksToRise())
        }
        #expect(needed == [1, 2, 4, 8, 8, 8])
        now += 601
        _ = health.failed(.check, reason: "x", now: self.at(now))
        #expect(checksToRise() == 1)
    }

    @Test func `a member that nothing checks is let in again after a while, and one failure ends that`() {
        var health = self.health(fall: 2, isChecked: false)
        _ = health.failed(.session, reason: "x", now: self.at(0))
        #expect(health.failed(.session, reason: "x", now: self.at(10)) == .down)
        #expect(!health.isUsable(now: self.at(39)))
        #expect(health.isUsable(now: self.at(40)))
        #expect(health.failed(.session, reason: "x", now: self.at(41)) == nil)
        // Fallen again soon: out for twice as long.
        #expect(!health.isUsable(now: self.at(100)))
        #expect(health.isUsable(now: self.at(101)))
        #expect(health.succeeded(.session, latency: nil, now: self.at(102)) == .up)
    }

    @Test func `failures of sessions that began before the fall change nothing`() {
        var health = self.health(fall: 1, isChecked: false)
        #expect(health.failed(.session, reason: "x", now: self.at(0)) == .down)
        for second in 1..<29 { #expect(health.failed(.session, reason: "x", now: self.at(second)) == nil) }
        #expect(health.isUsable(now: self.at(30)))
    }

    @Test func `the latency is smoothed`() {
        var health = self.health()
        _ = health.succeeded(.check, latency: .milliseconds(100), now: self.at(0))
        #expect(health.latency == .milliseconds(100))
        _ = health.succeeded(.check, latency: .milliseconds(180), now: self.at(1))
        #expect(health.latency == .milliseconds(110))
        for second in 2..<200 { _ = health.succeeded(.check, latency: .milliseconds(20), now: self.at(second)) }
        let latency = health.latency?.nanoseconds ?? 0
        #expect((20_000_000...20_000_010).contains(latency))
        _ = health.succeeded(.session, latency: nil, now: self.at(300))
        #expect(health.latency?.nanoseconds == latency)
    }
}
