import CausewayBytes
import CausewayConfig
import CausewayCore
import CausewayCrypto
import CausewayIO
import CausewayWire

/// A configuration made ready to run: listeners and exits with their keys derived and their lists built.
struct Plan {
    let listeners: [Listener]
    let limits: SharedState.Limits
    let resolver: ResolverSettings

    /// Descriptors that are no session's: the process's, and per loop epoll's, the wake-up's and the resolver's.
    private static let reservedDescriptors = 8
    private static let descriptorsPerLoop = 6

    /// - Parameters:
    ///   - ownAddresses: this node's, which no exit leads to unless told.
    ///   - descriptorLimit: open descriptors that the process may have.
    ///   - seed: random, for the salt pools.
    init(
        _ configuration: Configuration,
        ownAddresses: [IPAddress],
        descriptorLimit: Int,
        seed: UInt64,
        now: Instant
    ) {
        var exits: [String: Exit] = [:]
        for exit in configuration.exits { exits[exit.name] = Exit(exit, ownAddresses: ownAddresses) }
        self.listeners = configuration.listeners.map { listener in
            guard let exit = exits[listener.exit] else {
                preconditionFailure("a checked configuration has every exit that it names")
            }
            return Listener(listener, exit: exit, users: configuration.users, seed: seed, now: now)
        }
        let sockets = self.listeners.reduce(0) { $0 + $1.addresses.count }
        let taken = Self.reservedDescriptors + configuration.loops * (Self.descriptorsPerLoop + sockets)
        self.limits = SharedState.Limits(
            loops: configuration.loops,
            buffers: Int(clamping: configuration.limits.buffers.bytes),
            // A session has two sockets. Whoever comes when all are taken waits in the backlog and is not turned away
            // half-way; only the additional attempts of Happy Eyeballs may still find nothing free.
            sessions: max(min(configuration.limits.sessions, (descriptorLimit - taken) / 2), 1),
            drained: max(configuration.limits.sessions / (8 * configuration.loops), 64),
            cachedNames: configuration.dns.cache / configuration.loops
        )
        var resolver = ResolverSettings()
        resolver.servers = configuration.dns.servers
        self.resolver = resolver
    }
}

extension Exit {
    convenience init(_ exit: Configuration.Exit, ownAddresses: [IPAddress]) {
        switch exit.kind {
        case .direct(let direct):
            let policy = AddressPolicy(
                allow: direct.allow,
                deny: direct.deny,
                allowPorts: direct.allowPorts,
                denyPorts: direct.denyPorts,
                allowDomains: direct.allowDomains.compactMap { DomainName($0.utf8) },
                denyDomains: direct.denyDomains.compactMap { DomainName($0.utf8) },
                ownAddresses: ownAddresses
            )
            self.init(
                name: exit.name,
                kind: .direct(policy),
                families: direct.family.families,
                connectTimeout: direct.connectTimeout
            )
        case .tunnel(let tunnel):
            let credentials = RequestCredentials(
                method: tunnel.keys.method,
                identityKeys: tunnel.keys.identityKeys,
                userKey: tunnel.keys.userKey
            )
            self.init(
                name: exit.name,
                kind: .tunnel(server: tunnel.server, credentials: credentials),
                families: [.v6, .v4],
                connectTimeout: tunnel.connectTimeout
            )
        case .block:
            let timeout = Configuration.Exit.defaultConnectTimeout
            self.init(name: exit.name, kind: .block, families: [.v6, .v4], connectTimeout: timeout)
        }
    }
}

extension Configuration.Exit.Family {
    /// The families to ask for, in the order in which they are tried (RFC 8305).
    var families: [AddressFamily] {
        switch self {
        case .any: [.v6, .v4]
        case .ipv4: [.v4]
        case .ipv6: [.v6]
        }
    }
}

extension Listener {
    convenience init(
        _ listener: Configuration.Listener,
        exit: Exit,
        users: [Configuration.User],
        seed: UInt64,
        now: Instant
    ) {
        let kind: Kind
        switch listener.kind {
        case .mixed(let hasUsers):
            let passwords = users.compactMap { user in user.password.map { (Array(user.name.utf8), $0) } }
            kind = .mixed(passwords: hasUsers ? Dictionary(passwords, uniquingKeysWith: { first, _ in first }) : nil)
        case .tunnel(let method, let key, let hasUsers, let reject):
            let table = hasUsers ? IdentityTable(keys: users.compactMap(\.key)) : nil
            let policy: RejectPolicy =
                switch reject {
                case .drain: .drain
                case .reset: .reset
                }
            let keys = RequestAcceptor.Keys(method: method, serverKey: key, users: table)
            kind = .tunnel(keys, SaltPool(seed: seed, now: now), policy)
        }
        self.init(
            name: listener.name,
            addresses: listener.addresses,
            kind: kind,
            exit: exit,
            handshakeTimeout: listener.handshakeTimeout,
            idleTimeout: listener.idleTimeout
        )
    }
}
