/// One group's part of a ``NodeStatus``.
public struct GroupStatus: Codable, Equatable, Sendable {
    public var name: String
    public var policy: String
    public var members: [Member]

    public init(name: String, policy: String, members: [Member]) {
        self.name = name
        self.policy = policy
        self.members = members
    }

    /// What is believed of one member.
    public struct Member: Codable, Equatable, Sendable {
        public var exit: String
        /// `unknown`, `up` or `down`.
        public var state: String
        /// The smoothed time of a check.
        public var latencyMilliseconds: Double?
        /// Sessions now.
        public var sessions: Int
        /// Failures in a row.
        public var failures: Int
        /// Seconds since the state changed.
        public var secondsInState: UInt64?
        /// Why it failed last.
        public var reason: String?

        public init(
            exit: String,
            state: String,
            latencyMilliseconds: Double?,
            sessions: Int,
            failures: Int,
            secondsInState: UInt64?,
            reason: String?
        ) {
            self.exit = exit
            self.state = state
            self.latencyMilliseconds = latencyMilliseconds
            self.sessions = sessions
            self.failures = failures
            self.secondsInState = secondsInState
            self.reason = reason
        }
    }
}
