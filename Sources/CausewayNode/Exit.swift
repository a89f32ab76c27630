import CausewayBytes
import CausewayConfig
import CausewayCore
import CausewayIO
import CausewayWire

/// How sessions leave the node: an exit of the configuration, made ready for use. Immutable and shared by all loops,
/// but for its counters and its group's health, which are safe to share.
final class Exit: Sendable {
    enum Kind: Sendable {
        /// To the target itself, as far as the policy lets.
        case direct(AddressPolicy)
        /// To the next hop; as a Shadowsocks client where there are credentials, else only for blind relays.
        case tunnel(server: Address, credentials: RequestCredentials?)
        /// By one of several others.
        case group(ExitGroup)
        /// Nowhere.
        case block
    }

    let name: String
    /// The exit's place in lists that loops keep; no other exit of the process has had it.
    let number: Int
    let kind: Kind
    /// The families of addresses that names are resolved to.
    let families: [AddressFamily]
    /// How long finding and reaching the next hop or target may take.
    let connectTimeout: Interval
    /// What the sockets to the target or next hop are made with.
    let dial: DialOptions
    /// The same where the connection has to be made at once, even if nothing is written.
    let dialAtOnce: DialOptions
    /// What they are like on the long leg; `nil` for the system's way.
    let congestion: CongestionPolicy?
    /// Connected sockets that each loop keeps ready, at most.
    let warm: Int
    /// Whether the next hop is told the customer's address by a PROXY header.
    let sendsProxyHeader: Bool
    /// What each loop has moved, by the loop's number.
    let traffic: [TrafficCounters]
    /// The same of datagrams.
    let datagrams: [DatagramCounters]
    /// How each loop's stock of warm sockets stands.
    let warmth: [WarmCounters]

    /// - Parameter old: the exit that this one takes the place of, and whose counters it goes on with.
    init(
        name: String,
        number: Int,
        kind: Kind,
        families: [AddressFamily],
        connectTimeout: Interval,
        dial: DialOptions,
        congestion: Configuration.Congestion? = nil,
        warm: Int,
        sendsProxyHeader: Bool,
        loops: Int,
        after old: Exit?
    ) {
        self.name = name
        self.number = number
        self.kind = kind
        self.families = families
        self.connectTimeout = connectTimeout
        self.dial = dial
        var atOnce = dial
        atOnce.isFastOpen = false
        self.dialAtOnce = atOnce
        self.congestion = old?.congestion ?? congestion.map { CongestionPolicy($0, .up) }
        self.warm = warm
        self.sendsProxyHeader = sendsProxyHeader
        self.traffic = old?.traffic ?? (0..<loops).map { _ in TrafficCounters() }
        self.datagrams = old?.datagrams ?? (0..<loops).map { _ in DatagramCounters() }
        self.warmth = old?.warmth ?? (0..<loops).map { _ in WarmCounters() }
    }
}
