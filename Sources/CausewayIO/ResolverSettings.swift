public import CausewayBytes

/// How a resolver asks.
public struct ResolverSettings: Equatable, Sendable {
    /// The servers to ask; the system's (`/etc/resolv.conf`) when empty.
    public var servers: [SocketAddress] = []
    /// How long the first try waits for an answer; each round over the servers waits twice as long as the one before.
    public var timeout = Interval.seconds(2)
    /// Rounds over the servers.
    public var tries = 2
    /// Whether `/etc/hosts` is looked at first.
    public var readsHostsFile = true
    /// Names being asked for at one time, each family counted. One more fails at once.
    public var maximumInFlight = 512
    /// Requests waiting at one time, those for the same name counted each. One more fails at once.
    public var maximumWaiting = 16_384

    /// The system's servers and the defaults.
    public init() {}
}
