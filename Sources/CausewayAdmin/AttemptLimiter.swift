import CausewayBytes

/// Who has given wrong tokens too often of late. Bounded, whatever comes.
struct AttemptLimiter {
    /// Wrong tokens that a source may give at once.
    private static let burst = 10
    /// Time in which a source earns another attempt.
    private static let interval = Interval.seconds(6)
    private static let capacity = 4096

    /// When each source will be as if it had never failed. GCRA, as cells are attempts that failed.
    private var due: [String: Instant] = [:]

    /// Whether `source` may try.
    func isAllowed(_ source: String, now: Instant) -> Bool {
        guard let due = self.due[source] else { return true }
        return (due - now).nanoseconds <= Int64(Self.burst - 1) * Self.interval.nanoseconds
    }

    /// An attempt of `source` has failed.
    mutating func failed(_ source: String, now: Instant) {
        if self.due.count >= Self.capacity, self.due[source] == nil {
            self.due = self.due.filter { $0.value > now }
            // So many sources at once are one attacker; the longest ago gives way.
            if self.due.count >= Self.capacity, let first = self.due.min(by: { $0.value < $1.value }) {
                self.due[first.key] = nil
            }
        }
        self.due[source] = max(self.due[source] ?? now, now) + Self.interval
    }
}
