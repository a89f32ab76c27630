import CausewayBytes
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
            "  limits: buffers \(self.limits.buffers), sessions \(self.limits.sessions)",
        ]
        return lines.joined(separator: "\n")
    }
}

extension Configuration.Listener {
    fileprivate var summary: String {
        let kind =
            switch self.kind {
            case .mixed(let users):
                "mixed, \(users ? "for users with a password" : "for everybody who reaches it")"
            case .tunnel(let method, _, let users, let reject):
                "tunnel \(method.rawValue), \(users ? "for users with a key" : "one user"), reject: \(reject.rawValue)"
            }
        let timeouts = "handshake \(self.handshakeTimeout), idle \(self.idleTimeout)"
        return "\(kind); on \(self.addresses.commaSeparated); exit \(self.exit); timeouts: \(timeouts)"
    }
}

extension Configuration.Exit.Kind {
    fileprivate var summary: String {
        switch self {
        case .direct(let direct): direct.summary
        case .tunnel(let tunnel): tunnel.summary
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
        let family =
            switch self.family {
            case .any: "IPv4 and IPv6"
            case .ipv4: "IPv4"
            case .ipv6: "IPv6"
            }
        let written = lists.filter { !$0.1.isEmpty }.map { "; \($0.0) \($0.1)" }.joined()
        return "direct, \(family)\(written); timeouts: connect \(self.connectTimeout)"
    }
}

extension Configuration.Exit.Tunnel {
    fileprivate var summary: String {
        let count = self.keys.identityKeys.count
        let keys = count == 0 ? "one key" : "a chain of \(count + 1) keys"
        let timeouts = "timeouts: connect \(self.connectTimeout)"
        return "tunnel \(self.keys.method.rawValue) to \(self.server), \(keys); \(timeouts)"
    }
}

extension Configuration.User {
    fileprivate var summary: String {
        switch (self.key, self.password) {
        case (.some, .some): "key and password"
        case (.some, nil): "key"
        case (nil, .some): "password"
        case (nil, nil): "neither key nor password"
        }
    }
}

extension Collection {
    fileprivate var commaSeparated: String { self.map { "\($0)" }.joined(separator: ", ") }
}
