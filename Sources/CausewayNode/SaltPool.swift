import CausewayBytes
import CausewayWire
import Synchronization

/// The salt memory of a listener, shared by all loops: in shards, so that two handshakes seldom wait for each other.
final class SaltPool: SaltMemory, Sendable {
    private final class Shard: Sendable {
        let generations: Mutex<SaltGenerations>

        init(seed: UInt64, now: Instant) {
            self.generations = Mutex(SaltGenerations(seed: seed, now: now))
        }
    }

    private static let shardCount = 16

    private let shards: [Shard]

    init(seed: UInt64, now: Instant) {
        self.shards = (0..<Self.shardCount).map { Shard(seed: seed &+ UInt64($0), now: now) }
    }

    func insert(_ salt: Salt, timestamp: UnixSeconds, now: Instant, clock: UnixSeconds) -> Bool {
        // Peers draw salts at random, so any bits will do; bits that the table does not use first are taken.
        let shard = self.shards[Int(truncatingIfNeeded: salt.words[1] >> 60)]
        return shard.generations.withLock { generations in
            generations.insert(salt, timestamp: timestamp, now: now, clock: clock)
        }
    }
}
