/// How many connected sockets a loop keeps ready for one exit.
///
/// One as long as nobody comes. A session that finds none doubles the number at once; one that takes the last but a
/// quarter raises it by one, so that a steady demand is met without misses. Sockets that grow old unused lower it again
/// one by one, the faster the more of them there are.
public struct WarmTarget: Sendable {
    private let maximum: Int
    /// Sockets to keep now.
    public private(set) var count: Int

    /// - Parameter maximum: sockets at most; zero for none at all.
    public init(maximum: Int) {
        self.maximum = max(maximum, 0)
        self.count = min(1, self.maximum)
    }

    /// A session has taken a socket, and `left` are still ready.
    public mutating func taken(left: Int) {
        if 4 * left < self.count { self.count = min(self.count + 1, self.maximum) }
    }

    /// A session has found none ready.
    public mutating func missed() {
        self.count = min(2 * self.count, self.maximum)
    }

    /// A socket has grown old unused.
    public mutating func expired() {
        self.count = max(self.count - 1, min(1, self.maximum))
    }
}
