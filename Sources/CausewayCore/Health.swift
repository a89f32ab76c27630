public import CausewayBytes

/// When a member of a group counts as down, and when as up again.
public struct HealthRule: Equatable, Sendable {
    /// Successful checks in a row that bring a member up again.
    public var rise: Int
    /// Failures in a row that take it down.
    public var fall: Int
    /// How long a member stays out when nothing checks it.
    public var ejection: Interval
    /// Whether checks run. Without them a member is let in again after a while, and sessions tell what it is worth.
    public var isChecked: Bool

    public init(rise: Int, fall: Int, ejection: Interval, isChecked: Bool) {
        self.rise = rise
        self.fall = fall
        self.ejection = ejection
        self.isChecked = isChecked
    }
}

/// What is believed of one member of a group, from checks and from the sessions of customers.
///
/// A member that falls again soon after it has risen has to prove itself longer each time: one that flaps is not worth
/// the sessions that it would lose.
public struct Health: Sendable {
    public enum State: String, Sendable {
        /// Nothing has been seen of it; it is tried.
        case unknown
        case up
        case down
    }

    /// Where a success or failure was seen.
    public enum Evidence: Sendable {
        case check, session
    }

    /// A fall that comes within this time after the last one makes the next rise harder.
    static let flappingSpan = Interval.seconds(600)
    /// How many times harder it gets, at most.
    static let maximumHardship = 8
    /// The part of a new latency in the smoothed one is one in this (as of a round trip in RFC 6298).
    private static let smoothing: Int64 = 8

    private var rule: HealthRule
    public private(set) var state = State.unknown
    /// Smoothed time of checks; `nil` until one has succeeded.
    public private(set) var latency: Interval?
    /// Why it failed last; `nil` once a check has succeeded since.
    public private(set) var lastFailure: String?
    /// When the state changed last.
    public private(set) var changedAt: Instant?
    /// Failures in a row.
    public private(set) var failures = 0
    private var successes = 0
    private var fellAt: Instant?
    private var hardship = 1

    /// The same, judged by another rule from now on.
    public func under(_ rule: HealthRule) -> Health {
        var health = self
        health.rule = rule
        return health
    }

    public init(rule: HealthRule) {
        self.rule = rule
    }

    /// Whether sessions may be sent there.
    public func isUsable(now: Instant) -> Bool {
        switch self.state {
        case .unknown, .up: true
        case .down: !self.rule.isChecked && self.hasServedItsTime(now)
        }
    }

    /// Notes that the member has worked; the new state where that changes it.
    ///
    /// - Parameter latency: of a check, the time that it took.
    public mutating func succeeded(_ evidence: Evidence, latency: Interval?, now: Instant) -> State? {
        self.failures = 0
        if case .check = evidence {
            self.lastFailure = nil
            if let latency { self.note(latency) }
        }
        switch self.state {
        case .up: return nil
        case .unknown: return self.change(to: .up, now: now)
        case .down:
            switch (evidence, self.rule.isChecked) {
            case (.session, true): return nil
            case (.session, false): break
            case (.check, _):
                self.successes += 1
                guard self.successes >= self.rule.rise * self.hardship else { return nil }
            }
            return self.change(to: .up, now: now)
        }
    }

    /// Notes that the member has failed; the new state where that changes it.
    public mutating func failed(_ evidence: Evidence, reason: String, now: Instant) -> State? {
        self.failures += 1
        self.successes = 0
        self.lastFailure = reason
        switch self.state {
        case .unknown, .up:
            guard self.failures >= self.rule.fall else { return nil }
        case .down:
            // Half open: the first failure after the ejection begins another one.
            if !self.rule.isChecked, self.hasServedItsTime(now) { self.fall(now) }
            return nil
        }
        self.fall(now)
        return self.change(to: .down, now: now)
    }

    private func hasServedItsTime(_ now: Instant) -> Bool {
        guard let fellAt = self.fellAt else { return true }
        return now - fellAt >= Interval(nanoseconds: self.rule.ejection.nanoseconds * Int64(self.hardship))
    }

    private mutating func fall(_ now: Instant) {
        if let fellAt = self.fellAt, now - fellAt < Self.flappingSpan {
            self.hardship = min(2 * self.hardship, Self.maximumHardship)
        } else {
            self.hardship = 1
        }
        self.fellAt = now
    }

    private mutating func change(to state: State, now: Instant) -> State {
        self.state = state
        self.changedAt = now
        self.successes = 0
        return state
    }

    private mutating func note(_ latency: Interval) {
        guard let smoothed = self.latency else {
            self.latency = latency
            return
        }
        let difference = latency.nanoseconds - smoothed.nanoseconds
        self.latency = Interval(nanoseconds: smoothed.nanoseconds + difference / Self.smoothing)
    }
}
