public import CausewayBytes

/// Where accepted salts are remembered, so that no request is accepted twice (SIP022 section 3.1.3).
///
/// One memory serves all the loops of a listener: a replay may arrive on any of them.
public protocol SaltMemory: AnyObject {
    /// Remembers the salt of an authenticated request; `false` when it was there already.
    func insert(_ salt: Salt, timestamp: UnixSeconds, now: Instant, clock: UnixSeconds) -> Bool
}

/// Salts in generations of 62 seconds, none of which is forgotten while a request could still be accepted.
///
/// A request stamped 30 s ahead stays acceptable until almost 61 s after it came, so a memory of 60 s is too short. A
/// generation is dropped whole, without a timer per salt, once 62 s have passed on the monotonic clock since it was
/// closed **and** the wall clock has left the acceptance window of its newest timestamp. Of what was dropped that newest
/// timestamp is kept, and nothing as old is accepted any more: a wall clock that is set back reopens no door. Both end
/// after `maximumAge`, so that a clock once wrong by years neither holds memory nor locks anybody out.
public struct SaltGenerations {
    static let span = Interval.seconds(62)
    static let maximumAge = Interval.seconds(3600)

    struct Generation {
        var salts: SaltSet
        var newestTimestamp: UnixSeconds = 0
        var closed: Instant
    }

    private(set) var current: SaltSet
    private(set) var newestTimestamp: UnixSeconds = 0
    private var opened: Instant
    var older: [Generation] = []
    /// The newest timestamp among forgotten salts, and when it was forgotten.
    var forgotten: (timestamp: UnixSeconds, at: Instant)?
    let seed: UInt64

    /// An empty memory; `seed` is random and keeps the order of its tables from being guessed.
    public init(seed: UInt64, now: Instant) {
        self.seed = seed
        self.current = SaltSet(seed: seed)
        self.opened = now
    }

    /// Salts that are remembered now.
    public var count: Int { self.older.reduce(self.current.count) { $0 + $1.salts.count } }

    /// As ``SaltMemory/insert(_:timestamp:now:clock:)``.
    public mutating func insert(
        _ salt: Salt,
        timestamp: UnixSeconds,
        now: Instant,
        clock: UnixSeconds
    ) -> Bool {
        if now - self.opened >= Self.span { self.turn(now: now, clock: clock) }
        if let forgotten = self.forgotten, timestamp <= forgotten.timestamp { return false }
        for generation in self.older where generation.salts.contains(salt) { return false }
        guard self.current.insert(salt) else { return false }
        self.newestTimestamp = max(self.newestTimestamp, timestamp)
        return true
    }

    private mutating func turn(now: Instant, clock: UnixSeconds) {
        if let forgotten = self.forgotten, now - forgotten.at >= Self.maximumAge { self.forgotten = nil }
        var kept: [Generation] = []
        for generation in self.older {
            let newest = generation.newestTimestamp
            let isStale = clock > newest && clock - newest > maximumTimeDifference
            let age = now - generation.closed
            if age >= Self.maximumAge { continue }
            if age >= Self.span && isStale {
                if newest > self.forgotten?.timestamp ?? 0 { self.forgotten = (newest, now) }
            } else {
                kept.append(generation)
            }
        }
        self.older = kept
        if self.current.count > 0 {
            let full = Generation(salts: self.current, newestTimestamp: self.newestTimestamp, closed: now)
            self.older.append(full)
            self.current = SaltSet(seed: self.seed)
        }
        self.newestTimestamp = 0
        self.opened = now
    }
}
