import CausewayBytes
import CausewayConfig
import CausewayCore
import CausewayCrypto
import CausewayIO
import CausewayWire

/// How sessions enter the node: a listener of the configuration, made ready for use. Immutable and shared by all loops,
/// but for the salt pool and the counters, which are safe to share.
final class Listener: Sendable {
    enum Kind: Sendable {
        /// SOCKS and HTTP; for users with a password alone, or for everybody.
        case mixed(hasUsers: Bool)
        /// Shadowsocks 2022.
        case tunnel(Tunnel)
        /// A hop of Shadowsocks 2022 that reads the identity headers and nothing else.
        case relay(Relay)
        /// A fixed target.
        case forward(Address)
    }

    struct Tunnel: Sendable {
        let method: Method
        /// The only user's, or with users the identity headers'.
        let key: Secret
        let hasUsers: Bool
        let salts: SaltPool
        let policy: RejectPolicy
    }

    struct Relay: Sendable {
        let method: Method
        let key: Secret
        let hasUsers: Bool
        /// The next hops by their keys.
        let identities: IdentityTable
        /// The exits, numbered as in ``identities``.
        let next: [Exit]
        let salts: SaltPool
        let policy: RejectPolicy
    }

    /// What an unauthenticated peer gets.
    enum RejectPolicy: Sendable {
        /// Silence: what it sends is read and thrown away until it leaves or the handshake's deadline comes.
        case drain
        /// RST at once.
        case reset
    }

    let name: String
    let addresses: [SocketAddress]
    let kind: Kind
    /// `nil` for a relay, where the identity names the exit.
    let exit: Exit?
    let handshakeTimeout: Interval
    let idleTimeout: Interval
    /// Whether datagrams are taken too.
    let takesDatagrams: Bool
    /// Silence after which an association gives its sockets back.
    let datagramIdleTimeout: Interval
    /// Whose connections begin with a PROXY header.
    let proxyNetworks: [CIDR]
    /// What the listening sockets are made with.
    let socket: ListenOptions
    /// What the accepted ones are like on the long leg; `nil` for the system's way.
    let congestion: CongestionPolicy?
    /// What each loop has moved, by the loop's number.
    let traffic: [TrafficCounters]
    /// The same of datagrams.
    let datagrams: [DatagramCounters]
    /// Which loop has a session of datagrams.
    let directory: SessionDirectory

    /// - Parameter old: the listener that this one takes the place of, and whose counters it goes on with.
    init(
        name: String,
        addresses: [SocketAddress],
        kind: Kind,
        exit: Exit?,
        handshakeTimeout: Interval,
        idleTimeout: Interval,
        takesDatagrams: Bool,
        datagramIdleTimeout: Interval,
        proxyNetworks: [CIDR],
        socket: ListenOptions,
        congestion: Configuration.Congestion?,
        loops: Int,
        after old: Listener?
    ) {
        self.name = name
        self.addresses = addresses
        self.kind = kind
        self.exit = exit
        self.handshakeTimeout = handshakeTimeout
        self.idleTimeout = idleTimeout
        self.takesDatagrams = takesDatagrams
        self.datagramIdleTimeout = datagramIdleTimeout
        self.proxyNetworks = proxyNetworks
        self.socket = socket
        self.congestion = old?.congestion ?? congestion.map { CongestionPolicy($0, .down) }
        self.traffic = old?.traffic ?? (0..<loops).map { _ in TrafficCounters() }
        self.datagrams = old?.datagrams ?? (0..<loops).map { _ in DatagramCounters() }
        self.directory = old?.directory ?? SessionDirectory()
    }

    /// The salts that were seen under a key: as long as that is the same, they stay known.
    func salts(of method: Method, _ key: Secret) -> SaltPool? {
        switch self.kind {
        case .tunnel(let tunnel): tunnel.method == method && tunnel.key == key ? tunnel.salts : nil
        case .relay(let relay): relay.method == method && relay.key == key ? relay.salts : nil
        case .mixed, .forward: nil
        }
    }

    /// Whether its addresses have sockets for datagrams; those of `mixed` are made when an application asks.
    var listensForDatagrams: Bool {
        switch self.kind {
        case .mixed: false
        case .tunnel, .relay, .forward: self.takesDatagrams
        }
    }

    /// Whether datagrams to customers are on a tunnel's way, where fragments are to be avoided.
    var sendsWholeDatagrams: Bool {
        switch self.kind {
        case .tunnel, .relay: true
        case .mixed, .forward: false
        }
    }

    func expectsProxyHeader(from peer: IPAddress) -> Bool {
        !self.proxyNetworks.isEmpty && self.proxyNetworks.contains { $0.contains(peer) }
    }

    /// What becomes of a peer that says nothing, or the wrong thing.
    var rejectPolicy: RejectPolicy {
        switch self.kind {
        case .tunnel(let tunnel): tunnel.policy
        case .relay(let relay): relay.policy
        case .mixed, .forward: .reset
        }
    }
}
