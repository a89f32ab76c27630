public import CausewayBytes

/// Which of a name's addresses are tried in which order until one answers (Happy Eyeballs, RFC 8305).
///
/// One value serves one connection. The caller starts a query per family, reports what comes of them and of the
/// connects, and after every report, and when a wait is over, asks `next(now:)` until it gets something else than
/// `connect`:
///
///     resolved, resolutionFailed ─┐              ┌▶ connect(attempt, address)   ask again at once
///     attemptFailed              ─┼▶ next(now:) ─┼▶ wait(until:), waitForEvents
///     attemptSucceeded           ─┘              └▶ done(attempt), failed(why)
///
/// Families alternate, attempts are started 250 ms apart or as soon as the last one failed, and the first that succeeds
/// ends it; `attemptsInProgress` are then the caller's to close. A deadline over all is the caller's too. Nothing is
/// allocated: the lists of the answers are kept as they came.
///
/// A family that is not wanted is reported as failed at the beginning and not asked for.
public struct HappyEyeballs: Sendable {
    /// Which family goes first.
    public enum Preference: Equatable, Sendable {
        /// The one whose answer comes first; the other is not waited for.
        case any
        /// IPv4; an IPv6 answer that comes earlier waits 50 ms for it.
        case ipv4
        /// IPv6, as RFC 8305 has it; an IPv4 answer that comes earlier waits 50 ms for it.
        case ipv6
    }

    /// What to do next.
    public enum Action: Equatable, Sendable {
        /// Connect to the address and report the outcome under this number (0, 1, 2, …).
        case connect(attempt: Int, IPAddress)
        /// Nothing before this instant, unless there is something to report.
        case wait(until: Instant)
        /// Nothing until there is something to report.
        case waitForEvents
        /// This attempt is the connection; `attemptsInProgress` are to be closed.
        case done(attempt: Int)
        case failed(Failure)
    }

    /// Why there is no connection.
    public enum Failure: Equatable, Sendable {
        /// No query gave an address.
        case noAddress
        /// Every attempt failed.
        case noAnswer
    }

    /// Attempts in all. A name with more addresses is an attempt to make the node knock at many doors at once.
    public static let maximumAttempts = 8
    /// How long an answer of the family that is not preferred waits for the other (RFC 8305 section 8).
    public static let resolutionDelay = Interval.milliseconds(50)
    /// Time from one attempt to the next (RFC 8305 section 8).
    public static let attemptDelay = Interval.milliseconds(250)

    /// A family's addresses that are not tried yet.
    private struct Candidates: Sendable {
        var addresses: [IPAddress] = []
        var used = 0
        var isResolved = false

        var isEmpty: Bool { self.used == self.addresses.count }
    }

    private let preference: Preference
    private var v4 = Candidates()
    private var v6 = Candidates()
    /// When a first attempt may be made without the preferred family; set by the first answer.
    private var resolutionDeadline: Instant?
    /// When the next attempt may be made; `nil` while none has been made, or when the last one failed.
    private var nextAttempt: Instant?
    private var lastFamily: AddressFamily?
    private var started = 0
    private var inProgress: UInt8 = 0
    private var winner: Int?

    public init(preference: Preference = .ipv6) {
        self.preference = preference
    }

    // MARK: - What happened

    /// The query for `family` gave these addresses, in the order of preference; none at all is a failure. A second
    /// answer for the same family is ignored.
    public mutating func resolved(_ family: AddressFamily, _ addresses: [IPAddress], now: Instant) {
        guard !self[family].isResolved else { return }
        self[family].isResolved = true
        self[family].addresses = addresses
        if !addresses.isEmpty, self.resolutionDeadline == nil { self.resolutionDeadline = now + Self.resolutionDelay }
    }

    /// The query for `family` failed, or was never made.
    public mutating func resolutionFailed(_ family: AddressFamily, now: Instant) {
        self.resolved(family, [], now: now)
    }

    /// The attempt failed and its socket is closed. Ignored for one that is not in progress.
    public mutating func attemptFailed(_ attempt: Int) {
        guard self.isInProgress(attempt) else { return }
        self.inProgress &= ~(1 << UInt8(attempt))
        // The failure of an older one says nothing about the latest, which keeps its time.
        if attempt == self.started - 1 { self.nextAttempt = nil }
    }

    /// The attempt has connected. Ignored for one that is not in progress, so also after another success.
    public mutating func attemptSucceeded(_ attempt: Int) {
        guard self.isInProgress(attempt), self.winner == nil else { return }
        self.inProgress &= ~(1 << UInt8(attempt))
        self.winner = attempt
    }

    // MARK: - What to do

    /// The next thing to do; `connect` is to be done at once and asked again.
    public mutating func next(now: Instant) -> Action {
        if let winner = self.winner { return .done(attempt: winner) }
        guard self.started < Self.maximumAttempts, let family = self.nextFamily else {
            if self.inProgress != 0 { return .waitForEvents }
            if self.started == Self.maximumAttempts { return .failed(.noAnswer) }
            guard self.v4.isResolved, self.v6.isResolved else { return .waitForEvents }
            return .failed(self.started == 0 ? .noAddress : .noAnswer)
        }
        if let start = self.earliestStart(of: family), start > now { return .wait(until: start) }
        let address = self[family].addresses[self[family].used]
        self[family].used += 1
        let attempt = self.started
        self.started += 1
        self.inProgress |= 1 << UInt8(attempt)
        self.lastFamily = family
        self.nextAttempt = now + Self.attemptDelay
        return .connect(attempt: attempt, address)
    }

    /// The attempts whose sockets are open and not the connection: to be closed after `done`, `failed`, or when the
    /// caller gives up.
    public var attemptsInProgress: some Sequence<Int> {
        let inProgress = self.inProgress
        return (0..<Self.maximumAttempts).lazy.filter { inProgress >> UInt8($0) & 1 != 0 }
    }

    private func isInProgress(_ attempt: Int) -> Bool {
        (0..<Self.maximumAttempts).contains(attempt) && self.inProgress >> UInt8(attempt) & 1 != 0
    }

    /// The family whose turn it is: not the last one, if there is a choice.
    private var nextFamily: AddressFamily? {
        let first: AddressFamily =
            if let lastFamily = self.lastFamily {
                lastFamily.other
            } else {
                switch self.preference {
                case .any, .ipv6: .v6
                case .ipv4: .v4
                }
            }
        if !self[first].isEmpty { return first }
        if !self[first.other].isEmpty { return first.other }
        return nil
    }

    private func earliestStart(of family: AddressFamily) -> Instant? {
        guard self.started == 0 else { return self.nextAttempt }
        let preferred: AddressFamily
        switch self.preference {
        case .any: return nil
        case .ipv4: preferred = .v4
        case .ipv6: preferred = .v6
        }
        return family == preferred || self[preferred].isResolved ? nil : self.resolutionDeadline
    }

    private subscript(family: AddressFamily) -> Candidates {
        get {
            switch family {
            case .v4: self.v4
            case .v6: self.v6
            }
        }
        _modify {
            switch family {
            case .v4: yield &self.v4
            case .v6: yield &self.v6
            }
        }
    }
}
