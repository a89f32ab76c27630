/// How the sockets of a listener or an exit do on the long leg, where the configuration says something of that.
public struct CongestionStatus: Codable, Equatable, Sendable {
    /// `listener` or `exit`.
    public var side: String
    public var name: String
    /// The algorithm that the configuration asks for.
    public var asked: String
    /// What the last socket got; none before there was one. `system` where nothing that is asked for was to be had.
    public var inForce: String?
    /// Why that is not what was asked for.
    public var reason: String?
    /// Whose the rate is: `socket`, `user` or `link`; none without a rate.
    public var share: String?
    /// Bits per second of the configuration.
    public var rate: UInt64?
    /// Bits per second of each socket now, where they are the same; none where the kernel divides the rate, by who has
    /// something to send, or where users have rates of their own.
    public var ratePerSocket: UInt64?
    /// Whether the kernel shares the rate among the sockets; otherwise the node divides it.
    public var isSharedByKernel: Bool
    /// Sockets now.
    public var sockets: Int
    /// Of the bytes that they sent, how many per thousand were sent again.
    public var retransmittedPerMille: Double?
    /// Smoothed round trip, the mean of the sockets.
    public var roundTripMilliseconds: Double?
    /// What keeps the rate from being reached.
    public var warnings: [String]

    public init(
        side: String,
        name: String,
        asked: String,
        inForce: String?,
        reason: String?,
        share: String?,
        rate: UInt64?,
        ratePerSocket: UInt64?,
        isSharedByKernel: Bool,
        sockets: Int,
        retransmittedPerMille: Double?,
        roundTripMilliseconds: Double?,
        warnings: [String]
    ) {
        self.side = side
        self.name = name
        self.asked = asked
        self.inForce = inForce
        self.reason = reason
        self.share = share
        self.rate = rate
        self.ratePerSocket = ratePerSocket
        self.isSharedByKernel = isSharedByKernel
        self.sockets = sockets
        self.retransmittedPerMille = retransmittedPerMille
        self.roundTripMilliseconds = roundTripMilliseconds
        self.warnings = warnings
    }
}
