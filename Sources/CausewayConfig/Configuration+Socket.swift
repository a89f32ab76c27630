public import CausewayBytes

extension Configuration {
    /// When and how often a silent connection is probed (tcp(7)).
    public struct Keepalive: Equatable, Sendable {
        /// Silence before the first probe.
        public let idle: Interval
        /// Time between probes.
        public let interval: Interval
        /// Probes without an answer after which the connection is given up.
        public let count: Int

        public static let defaultInterval = Interval.seconds(15)
        public static let defaultCount = 4
    }

    /// What a listener's sockets are made with.
    public struct ListenSocket: Equatable, Sendable {
        public let keepalive: Keepalive?
        public let mptcp: Bool
        public let fastOpen: Bool
        public let congestion: Congestion?

        /// Whether sockets that listen are made the same way; congestion is about those that are accepted.
        func isMade(as other: ListenSocket) -> Bool {
            self.keepalive == other.keepalive && self.mptcp == other.mptcp && self.fastOpen == other.fastOpen
        }
    }

    /// What an exit's sockets are made with.
    public struct DialSocket: Equatable, Sendable {
        /// Addresses to connect from, at most one of each family.
        public let source: [IPAddress]
        /// The network interface to leave by.
        public let interface: String?
        /// The mark for routing rules.
        public let mark: UInt32?
        public let keepalive: Keepalive?
        public let mptcp: Bool
        public let fastOpen: Bool
        public let congestion: Congestion?
    }
}
