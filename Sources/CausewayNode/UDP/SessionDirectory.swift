import CausewayBytes
import Synchronization

/// What tells the sessions of a listener's customers apart (protocol reference 3.3).
struct SessionKey: Hashable, Sendable {
    /// The user's number in the identity table; 0 where there is none.
    let user: Int
    /// The session's number, which its client has drawn.
    let session: UInt64

    /// How long a session is remembered after its last datagram: repetitions are told from new ones at least as long as
    /// their time is good.
    static let memory = Interval.seconds(62)
}

/// Which loop has a session: a customer whose address changes is heard by another one. Shared by all loops, in shards;
/// asked only about sessions that a loop does not have itself.
final class SessionDirectory: Sendable {
    private final class Shard: Sendable {
        let loops = Mutex<[SessionKey: Int]>([:])
    }

    /// Datagrams that wait to be passed from one loop to another at one time, at most.
    private static let passingAtMost = 1_024

    private let passing = Atomic<Int>(0)
    private let shards = (0..<16).map { _ in Shard() }

    private func shard(of key: SessionKey) -> Shard { self.shards[Int(truncatingIfNeeded: key.session >> 60)] }

    /// The loop that has the session; `nil` for a new one.
    func loop(of key: SessionKey) -> Int? { self.shard(of: key).loops.withLock { $0[key] } }

    /// Makes the session one of `loop`, unless another was first.
    ///
    /// - Returns: the loop that has it.
    func claim(_ key: SessionKey, for loop: Int) -> Int {
        self.shard(of: key).loops.withLock { loops in
            if let other = loops[key] { return other }
            loops[key] = loop
            return loop
        }
    }

    /// Whether one more datagram may be on its way from one loop to another; ``endPassing()`` ends it.
    func beginPassing() -> Bool {
        guard self.passing.wrappingAdd(1, ordering: .relaxed).newValue <= Self.passingAtMost else {
            self.endPassing()
            return false
        }
        return true
    }

    func endPassing() { self.passing.wrappingSubtract(1, ordering: .relaxed) }

    func release(_ key: SessionKey) {
        self.shard(of: key).loops.withLock { _ = $0.removeValue(forKey: key) }
    }
}
