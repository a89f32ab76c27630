/// What has become of a node that has handed over to a new process.
public struct HandOverReport: Codable, Equatable, Sendable {
    /// The number of the process that is the node now.
    public var process: Int
    /// Sessions that are open in the old one.
    public var sessions: Int
    /// Seconds after which they end with it.
    public var secondsLeft: Double

    public init(process: Int, sessions: Int, secondsLeft: Double) {
        self.process = process
        self.sessions = sessions
        self.secondsLeft = secondsLeft
    }
}
