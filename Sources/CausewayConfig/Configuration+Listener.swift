public import CausewayBytes
public import CausewayCrypto
public import CausewayWire

extension Configuration {
    /// How traffic enters: an address and the protocol that is spoken there.
    public struct Listener: Equatable, Sendable {
        public let name: String
        /// Where to listen, one or more; ports are never zero. `[::]` takes both families.
        public let addresses: [SocketAddress]
        /// The name of the exit that sessions leave by, which exists; `nil` for a relay, which has one per next hop.
        public let exit: String?
        /// The time from the acceptance of a connection to the end of its handshake.
        public let handshakeTimeout: Interval
        /// The time that a session may pass without a byte in either direction.
        public let idleTimeout: Interval
        /// Whether datagrams are taken too: UDP at the same addresses, or at a `mixed` listener for applications that ask.
        public let udp: Bool
        /// The time that an association may pass without a datagram in either direction.
        public let datagramIdleTimeout: Interval
        /// Networks whose connections begin with a PROXY header; empty where none does.
        public let proxyProtocol: [CIDR]
        public let socket: ListenSocket
        public let kind: Kind

        public static let defaultHandshakeTimeout = Interval.seconds(60)
        public static let defaultIdleTimeout = Interval.seconds(3600)
        public static let defaultDatagramIdleTimeout = Interval.seconds(300)

        /// The protocol of a listener, with what it needs.
        public enum Kind: Equatable, Sendable {
            /// SOCKS5, SOCKS4a, HTTP CONNECT and plain HTTP on one port. With `users`, only for users with a password.
            case mixed(users: Bool)
            /// Shadowsocks 2022. With `users`, `key` is the server's and each user with a key has an identity header;
            /// then the method has those, and each user's key is as long as `key`. Otherwise there is one user, whose
            /// key this is.
            case tunnel(method: Method, key: Secret, users: Bool, reject: Reject)
            /// A hop of Shadowsocks 2022 that reads identity headers and nothing else.
            case relay(Relay)
            /// Every connection and every datagram goes to `target`.
            case forward(target: Address)
        }

        /// A blind relay. The method has identity headers, and all keys are as long as it wants them.
        public struct Relay: Equatable, Sendable {
            public let method: Method
            public let key: Secret
            /// Whether only users may pass, each known by the key in its entry.
            public let users: Bool
            /// At least one; no two have the same key.
            public let next: [Next]
            public let reject: Reject
        }

        /// A next hop that customers can name.
        public struct Next: Equatable, Sendable {
            /// The key whose hash names it.
            public let key: Secret
            /// The exit that leads there: a tunnel, or a group of tunnels.
            public let exit: String
        }

        /// What becomes of a connection whose first bytes are no valid request.
        public enum Reject: String, CaseIterable, Sendable {
            /// It is read to its end, or the deadline, and never answered: nothing tells how much was understood.
            case drain
            /// It is reset at once.
            case reset
        }
    }
}
