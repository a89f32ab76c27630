import CausewayBytes
import CausewayCore
import CausewayWire

extension Configuration {
    /// What a node with this configuration would run, for people to read; defaults that are in force included, and
    /// never a key or a password.
    public var summary: String {
        var lines = ["listeners"]
        lines += self.listeners.map { "  \($0.name): \($0.summary)" }
        lines.append("exits")
        lines += self.exits.map { "  \($0.name): \($0.kind.summary)" }
        lines.append("users")
        lines += self.users.isEmpty ? ["  none"] : self.users.map { "  \($0.name): \($0.summary)" }
        let servers = self.dns.servers.isEmpty ? "of the system" : self.dns.servers.commaSeparated
        let shown = (self.log.destinations ? ["destinations"] : []) + (self.log.clients ? ["clients"] : [])
        lines += [
            "node",
            "  loops: \(self.loops)",
            "  dns: servers \(servers); cache \(self.dns.cache) entries",
            "  log: \(self.log.level.rawValue) and above; \(shown.isEmpty ? "no addresses" : shown.joined(separator: ", "))",
            "  limits: \(self.limits.summary)",
            "  admin: \(self.admin.summary)",
        ]
        return lines.joined(separator: "\n")
    }
}

extension Configuration.Limits {
    var summary: String {
        "buffers \(self.buffers), sessions \(self.sessions), associations \(self.associations) a user"
    }
}

extension Configuration.Admin {
    var summary: String {
        let remote = self.remote.map { "\($0.address) with \($0.tokens.count) token\($0.tokens.count == 1 ? "" : "s")" }
        let places = [self.socket, remote].compactMap { $0 }
        return places.isEmpty ? "none" : places.joined(separator: ", ")
    }
}

extension Configuration.Listener {
    var summary: String {
        let kind =
            switch self.kind {
            case .mixed(let users):
                "mixed, \(users ? "for users with a password" : "for everybody who reaches it")"
            case .tunnel(let method, _, let users, let reject):
                "tunnel \(method.rawValue), \(users ? "for users with a key" : "one user"), reject: \(reject.rawValue)"
            case .relay(let relay):
                "relay \(relay.method.rawValue), \(relay.users ? "for users with a key" : "for everybody who has its key"), "
                    + "reject: \(relay.reject.rawValue); next \(relay.next.map(\.exit).commaSeparated)"
            case .forward(let target): "forward to \(target)"
            }
        let exit = self.exit.map { "; exit \($0)" } ?? ""
        let proxy = self.proxyProtocol.isEmpty ? "" : "; PROXY headers from \(self.proxyProtocol.commaSeparated)"
        let options =
            Configuration.options(self.socket.keepalive, mptcp: self.socket.mptcp, self.socket.fastOpen)
            + (self.socket.congestion?.summary ?? "")
        let datagrams = self.udp ? ", UDP \(self.datagramIdleTimeout)" : "; no UDP"
        let timeouts = "handshake \(self.handshakeTimeout), idle \(self.idleTimeout)\(datagrams)"
        return "\(kind); on \(self.addresses.commaSeparated)\(exit)\(proxy)\(options); timeouts: \(timeouts)"
    }
}

extension Configuration.Exit.Kind {
    var summary: String {
        switch self {
        case .direct(let direct): direct.summary
        case .tunnel(let tunnel): tunnel.summary
        case .group(let group): group.summary
        case .block: "block"
        }
    }
}

extension Configuration.Exit.Direct {
    fileprivate var summary: String {
        let lists = [
            ("allow", self.allow.commaSeparated), ("deny", self.deny.commaSeparated),
            ("only ports", self.allowPorts.commaSeparated), ("deny ports", self.denyPorts.commaSeparated),
            ("only domains", self.allowDomains.commaSeparated), ("deny domains", self.denyDomains.commaSeparated),
        ]
        let family = self.family.summary
        let written = lists.filter { !$0.1.isEmpty }.map { "; \($0.0) \($0.1)" }.joined()
        return "direct, \(family)\(written)\(self.socket.summary); timeouts: connect \(self.connectTimeout)"
    }
}

extension Configuration.Exit.Tunnel {
    fileprivate var summary: String {
        let keys = self.keys.map { keys in
            let count = keys.identityKeys.count
            return (" \(keys.method.rawValue)", count == 0 ? "one key" : "a chain of \(count + 1) keys")
        }
        let family = self.family == .any ? "" : ", \(self.family.summary) alone"
        let warm = self.warm == 0 ? "" : "; warm \(self.warm)"
        let proxy = self.sendProxy ? "; sends PROXY headers" : ""
        let timeouts = "timeouts: connect \(self.connectTimeout)"
        return "tunnel\(keys?.0 ?? "") to \(self.server)\(family), \(keys?.1 ?? "no keys")\(warm)\(proxy)"
            + "\(self.socket.summary); \(timeouts)"
    }
}

extension Configuration.Exit.Group {
    fileprivate var summary: String {
        let detail =
            switch self.policy {
            case .hash: " by \(self.hashBy.rawValue)"
            case .latency: " with a tolerance of \(self.tolerance)"
            case .failover, .roundRobin, .leastSessions: ""
            }
        let check = self.check.map { check in
            "check http://\(check.target)\(check.path) every \(check.interval), timeout \(check.timeout), "
                + "up after \(check.rise), down after \(check.fall)"
        }
        return "group of \(self.members.commaSeparated), \(self.policy.rawValue)\(detail); \(check ?? "check off")"
    }
}

extension Configuration.Exit.Family {
    fileprivate var summary: String {
        switch self {
        case .any: "IPv4 and IPv6"
        case .ipv4: "IPv4"
        case .ipv6: "IPv6"
        }
    }
}

extension Configuration.DialSocket {
    fileprivate var summary: String {
        let source = self.source.isEmpty ? "" : "; from \(self.source.commaSeparated)"
        let interface = self.interface.map { "; by \($0)" } ?? ""
        let mark = self.mark.map { "; fwmark \($0)" } ?? ""
        return source + interface + mark + Configuration.options(self.keepalive, mptcp: self.mptcp, self.fastOpen)
            + (self.congestion?.summary ?? "")
    }
}

extension Configuration {
    fileprivate static func options(_ keepalive: Keepalive?, mptcp: Bool, _ fastOpen: Bool) -> String {
        let probes = keepalive.map { "; keepalive after \($0.idle), \($0.count) times every \($0.interval)" } ?? ""
        return probes + (mptcp ? "; MPTCP" : "") + (fastOpen ? "; fast open" : "")
    }
}

extension Configuration.User {
    fileprivate var summary: String {
        var parts: [String] = []
        switch self.keys.count {
        case 0: break
        case 1: parts.append("key")
        default: parts.append("\(self.keys.count) keys")
        }
        if self.password != nil { parts.append("password") }
        if let quota = self.plan.quota { parts.append("quota \(ByteCount(bytes: quota))") }
        if self.plan.cycle != .none { parts.append("\(self.plan.cycle) \(self.plan.zone)") }
        let limits = self.plan.limits
        if let rate = limits.rateDown { parts.append("down \(rate)") }
        if let rate = limits.rateUp { parts.append("up \(rate)") }
        if limits.connections > 0 { parts.append("\(limits.connections) connections") }
        if limits.devices > 0 { parts.append("\(limits.devices) devices") }
        if !self.isEnabled { parts.append("disabled") }
        return parts.joined(separator: ", ")
    }
}

extension Collection {
    fileprivate var commaSeparated: String { self.map { "\($0)" }.joined(separator: ", ") }
}
