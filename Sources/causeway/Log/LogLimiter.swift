import CausewayBytes

/// Lets so many events of one kind through in a time, and counts the others: whatever goes wrong a thousand times a
/// second, neither the disk nor the reader's patience is filled.
struct LogLimiter {
    /// Events of a kind in a window.
    static let burst = 100
    static let window = Interval.seconds(10)
    /// Kinds are our own words, so there are few; this is only a backstop.
    static let capacity = 256

    private struct Window {
        var start: Instant
        var passed = 0
        var leftOut = 0
    }

    private var windows: [String: Window] = [:]
    /// Kinds that are known now.
    var count: Int { self.windows.count }

    /// Whether an event of `kind` is written at `now`.
    mutating func admits(_ kind: String, now: Instant) -> Bool {
        var window = self.windows[kind] ?? Window(start: now)
        if now - window.start >= Self.window { window = Window(start: now) }
        defer { self.windows[kind] = window }
        guard window.passed < Self.burst else {
            window.leftOut += 1
            return false
        }
        window.passed += 1
        return true
    }

    /// How many events of each kind were left out in windows that are over by `now`; each is told once.
    mutating func reports(now: Instant) -> [(kind: String, count: Int)] {
        let over = self.windows.filter { now - $0.value.start >= Self.window }
        for kind in over.keys { self.windows[kind] = nil }
        // Windows that are not over yet lose their count, where there are too many to keep.
        if self.windows.count > Self.capacity { self.windows = [:] }
        return over.filter { $0.value.leftOut > 0 }.map { ($0.key, $0.value.leftOut) }.sorted { $0.kind < $1.kind }
    }
}
