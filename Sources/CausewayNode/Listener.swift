import CausewayBytes
import CausewayCrypto
import CausewayWire

/// How sessions enter the node: a listener of the configuration, made ready for use. Immutable and shared by all loops,
/// but for the salt pool, which is safe to share.
final class Listener: Sendable {
    enum Kind: Sendable {
        /// SOCKS and HTTP; with passwords by user name where users have to give one.
        case mixed(passwords: [[UInt8]: Secret]?)
        /// Shadowsocks 2022.
        case tunnel(RequestAcceptor.Keys, SaltPool, RejectPolicy)
    }

    /// What an unauthenticated peer of a tunnel listener gets.
    enum RejectPolicy: Sendable {
        /// Silence: what it sends is read and thrown away until it leaves or the handshake's deadline comes.
        case drain
        /// RST at once.
        case reset
    }

    let name: String
    let addresses: [SocketAddress]
    let kind: Kind
    let exit: Exit
    let handshakeTimeout: Interval
    let idleTimeout: Interval

    init(
        name: String,
        addresses: [SocketAddress],
        kind: Kind,
        exit: Exit,
        handshakeTimeout: Interval,
        idleTimeout: Interval
    ) {
        self.name = name
        self.addresses = addresses
        self.kind = kind
        self.exit = exit
        self.handshakeTimeout = handshakeTimeout
        self.idleTimeout = idleTimeout
    }
}
