/// What a node that drains waits for.
public struct DrainReport: Codable, Equatable, Sendable {
    /// Sessions that are still open.
    public var sessions: Int
    /// Seconds after which they end with the node.
    public var secondsLeft: Double

    public init(sessions: Int, secondsLeft: Double) {
        self.sessions = sessions
        self.secondsLeft = secondsLeft
    }
}
