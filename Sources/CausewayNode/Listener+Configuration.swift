import CausewayBytes
import CausewayConfig
import CausewayCrypto
import CausewayIO
import CausewayWire

extension Listener {
    /// - Parameter exits: all of the configuration's, by name; a checked configuration has every exit that it names.
    convenience init(
        _ listener: Configuration.Listener,
        exits: [String: Exit],
        seed: UInt64,
        now: Instant,
        loops: Int,
        after old: Listener?
    ) {
        let kind: Kind
        switch listener.kind {
        case .mixed(let hasUsers):
            kind = .mixed(hasUsers: hasUsers)
        case .tunnel(let method, let key, let hasUsers, let reject):
            kind = .tunnel(
                Tunnel(
                    method: method,
                    key: key,
                    hasUsers: hasUsers,
                    salts: old?.salts(of: method, key) ?? SaltPool(seed: seed, now: now),
                    policy: RejectPolicy(reject)
                )
            )
        case .relay(let relay):
            let next = relay.next.compactMap { next in exits[next.exit].map { (next.key, $0) } }
            kind = .relay(
                Relay(
                    method: relay.method,
                    key: relay.key,
                    hasUsers: relay.users,
                    identities: IdentityTable(keys: next.map(\.0)),
                    next: next.map(\.1),
                    salts: old?.salts(of: relay.method, relay.key) ?? SaltPool(seed: seed, now: now),
                    policy: RejectPolicy(relay.reject)
                )
            )
        case .forward(let target): kind = .forward(target)
        }
        self.init(
            name: listener.name,
            addresses: listener.addresses,
            kind: kind,
            exit: listener.exit.flatMap { exits[$0] },
            handshakeTimeout: listener.handshakeTimeout,
            idleTimeout: listener.idleTimeout,
            takesDatagrams: listener.udp,
            datagramIdleTimeout: listener.datagramIdleTimeout,
            proxyNetworks: listener.proxyProtocol,
            socket: ListenOptions(listener.socket),
            congestion: listener.socket.congestion,
            loops: loops,
            after: old
        )
    }
}

extension Listener.RejectPolicy {
    init(_ reject: Configuration.Listener.Reject) {
        self =
            switch reject {
            case .drain: .drain
            case .reset: .reset
            }
    }
}

extension ListenOptions {
    init(_ socket: Configuration.ListenSocket) {
        self.init()
        self.keepalive = socket.keepalive.map { Keepalive($0) }
        self.isMultipath = socket.mptcp
        self.isFastOpen = socket.fastOpen
    }
}
