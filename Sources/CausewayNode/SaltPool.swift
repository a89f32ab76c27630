import CausewayBytes
import CausewayWire
import Synchronization

/// The salt memory of a listener, shared by all loops: in shards, so that two handshakes seldom wait for each other.
///
/// Once the node hands over to another process, salts are remembered by both: the successor has all that were known, and
/// is asked about those that come here afterwards.
final class SaltPool: SaltMemory, Sendable {
    private struct Memory {
        var generations: SaltGenerations
        /// Who else is asked.
        var successor: SaltSuccessor?
    }

    private final class Shard: Sendable {
        let memory: Mutex<Memory>

        init(seed: UInt64, now: Instant) {
            self.memory = Mutex(Memory(generations: SaltGenerations(seed: seed, now: now)))
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
        return shard.memory.withLock { memory in
            guard memory.generations.insert(salt, timestamp: timestamp, now: now, clock: clock) else { return false }
            return memory.successor?.accepts(salt, timestamp: timestamp) ?? true
        }
    }

    /// What is known now. From this moment on `successor` is asked too about every salt that comes.
    func handOver(to successor: SaltSuccessor, now: Instant) -> [UInt64] {
        self.shards.flatMap { shard in
            shard.memory.withLock { memory in
                memory.successor = successor
                return memory.generations.snapshot(now: now)
            }
        }
    }

    /// Nobody else is asked any more.
    func takeBack() {
        for shard in self.shards { shard.memory.withLock { $0.successor = nil } }
    }

    /// Remembers what another process knew, beside what is known here.
    ///
    /// - Throws: `SaltGenerations.Malformed`.
    func restore(_ words: [UInt64]) throws(SaltGenerations.Malformed) {
        var rest = words[...]
        for shard in self.shards {
            let result = shard.memory.withLock { memory in
                Result { () throws(SaltGenerations.Malformed) in try memory.generations.restore(rest) }
            }
            rest = try result.get()
        }
    }
}
