import CausewayBytes
import CausewayConfig
import CausewayCore
import CausewayIO
import CausewayWire

extension Exit {
    /// An exit that is no group.
    convenience init(
        _ exit: Configuration.Exit,
        number: Int,
        ownAddresses: [IPAddress],
        loops: Int,
        after old: Exit?
    ) {
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
                number: number,
                kind: .direct(policy),
                families: direct.family.families,
                connectTimeout: direct.connectTimeout,
                dial: DialOptions(direct.socket),
                congestion: direct.socket.congestion,
                warm: 0,
                sendsProxyHeader: false,
                loops: loops,
                after: old
            )
        case .tunnel(let tunnel):
            let credentials = tunnel.keys.map { keys in
                RequestCredentials(method: keys.method, identityKeys: keys.identityKeys, userKey: keys.userKey)
            }
            self.init(
                name: exit.name,
                number: number,
                kind: .tunnel(server: tunnel.server, credentials: credentials),
                families: tunnel.family.families,
                connectTimeout: tunnel.connectTimeout,
                dial: DialOptions(tunnel.socket),
                congestion: tunnel.socket.congestion,
                warm: tunnel.warm,
                sendsProxyHeader: tunnel.sendProxy,
                loops: loops,
                after: old
            )
        case .block, .group: self.init(exit, number: number, kind: .block, loops: loops, after: old)
        }
    }

    /// An exit that makes no connections of its own.
    convenience init(_ exit: Configuration.Exit, number: Int, kind: Kind, loops: Int, after old: Exit?) {
        self.init(
            name: exit.name,
            number: number,
            kind: kind,
            families: [.v6, .v4],
            connectTimeout: Configuration.Exit.defaultConnectTimeout,
            dial: DialOptions(),
            warm: 0,
            sendsProxyHeader: false,
            loops: loops,
            after: old
        )
    }
}

extension ExitGroup {
    /// How long a member that nothing checks stays out after it has failed.
    private static let ejection = Interval.seconds(30)

    /// - Parameter old: the group that this one takes the place of: what it believes of its members is believed on.
    convenience init(_ group: Configuration.Exit.Group, number: Int, members: [Exit], after old: ExitGroup?) {
        let check = group.check
        let rule = HealthRule(
            rise: check?.rise ?? 1,
            fall: check?.fall ?? Configuration.Exit.Check.defaultFall,
            ejection: Self.ejection,
            isChecked: check != nil
        )
        self.init(
            number: number,
            policy: GroupPolicy(group.policy),
            hashKey: HashKey(group.hashBy),
            tolerance: group.tolerance,
            check: check.map { check in
                Check(target: check.target, path: check.path, interval: check.interval, timeout: check.timeout)
            },
            members: members.map { exit in
                GroupMember(exit, rule: rule, after: old?.members.first { $0.exit.name == exit.name })
            }
        )
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

extension GroupPolicy {
    init(_ policy: Configuration.Exit.Policy) {
        self =
            switch policy {
            case .failover: .failover
            case .latency: .latency
            case .roundRobin: .roundRobin
            case .leastSessions: .leastSessions
            case .hash: .hash
            }
    }
}

extension ExitGroup.HashKey {
    init(_ key: Configuration.Exit.HashKey) {
        self =
            switch key {
            case .user: .user
            case .source: .source
            }
    }
}

extension Keepalive {
    init(_ keepalive: Configuration.Keepalive) {
        self.init(idle: keepalive.idle, interval: keepalive.interval, count: keepalive.count)
    }
}

extension DialOptions {
    init(_ socket: Configuration.DialSocket) {
        self.init()
        for address in socket.source {
            switch address.family {
            case .v4: self.sourceV4 = address
            case .v6: self.sourceV6 = address
            }
        }
        self.interface = socket.interface
        self.mark = socket.mark
        self.keepalive = socket.keepalive.map { Keepalive($0) }
        self.isMultipath = socket.mptcp
        self.isFastOpen = socket.fastOpen
    }
}
