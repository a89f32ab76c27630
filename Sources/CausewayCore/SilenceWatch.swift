public import CausewayBytes

/// When a way from which nothing is heard is to be looked at: after a silence, and less and less often where looking has
/// changed nothing.
public struct SilenceWatch: Sendable {
    private let shortest: Interval
    private let longest: Interval
    /// The silence that is borne at present.
    private var patience: Interval
    /// When something was heard last, or the way was looked at.
    private var since: Instant

    /// - Parameters:
    ///   - shortest: the silence after which the way is looked at for the first time.
    ///   - longest: the silence that is borne at most.
    public init(from shortest: Interval, to longest: Interval, now: Instant) {
        self.shortest = shortest
        self.longest = longest
        self.patience = shortest
        self.since = now
    }

    /// Whether the way was looked at in vain, and nothing has been heard since: it may be what is wrong.
    public var isDoubtful: Bool { self.patience != self.shortest }

    /// Something has come by the way.
    public mutating func heard(now: Instant) {
        self.since = now
        self.patience = self.shortest
    }

    /// Whether the way is to be looked at now; the next silence begins.
    public mutating func isOver(now: Instant) -> Bool {
        guard now - self.since >= self.patience else { return false }
        self.since = now
        return true
    }

    /// The way was looked at, and is what it was.
    public mutating func wasInVain() {
        self.patience = min(Interval(nanoseconds: 2 * self.patience.nanoseconds), self.longest)
    }

    /// There is another way from now on.
    public mutating func wasMended() { self.patience = self.shortest }
}
