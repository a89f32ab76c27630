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
        users: [Configuration.User],
        seed: UInt64,
        now: Instant,
        loops: Int
    ) {
        let kind: Kind
        switch listener.kind {
        case .mixed(let hasUsers):
            let passwords = users.compactMap { user in user.password.map { (Array(user.name.utf8), $0) } }
            kind = .mixed(passwords: hasUsers ? Dictionary(passwords, uniquingKeysWith: { first, _ in first }) : nil)
        case .tunnel(let method, let key, let hasUsers, let reject):
            let table = hasUsers ? IdentityTable(keys: users.compactMap(\.key)) : nil
            let keys = RequestAcceptor.Keys(method: method, serverKey: key, users: table)
            kind = .tunnel(keys, SaltPool(seed: seed, now: now), RejectPolicy(reject))
        case .relay(let relay):
            let next = relay.next.compactMap { next in exits[next.exit].map { (next.key, $0) } }
            let keys = RelayAcceptor.Keys(
                method: relay.method,
                key: relay.key,
                users: relay.users ? IdentityTable(keys: users.compactMap(\.key)) : nil,
                next: IdentityTable(keys: next.map(\.0))
            )
            kind = .relay(
                Relay(
                    keys: keys,
                    next: next.map(\.1),
                    salts: SaltPool(seed: seed, now: now),
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
            proxyNetworks: listener.proxyProtocol,
            socket: ListenOptions(listener.socket),
            loops: loops
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
