import CausewayBytes
import CausewayWire

/// A salt memory for one test.
final class SaltLog: SaltMemory {
    private(set) var generations = SaltGenerations(seed: 42, now: Instant(nanoseconds: 0))

    func insert(_ salt: Salt, timestamp: UnixSeconds, now: Instant, clock: UnixSeconds) -> Bool {
        self.generations.insert(salt, timestamp: timestamp, now: now, clock: clock)
    }
}
