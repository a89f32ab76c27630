import CausewayBytes
import CausewayWire

/// The types of exits, those that are not built included.
private enum ExitType: String, CaseIterable {
    case direct, tunnel, block, socks5, group
}

extension ConfigurationReader {
    private static let commonKeys = ["name", "type"]
    private static let dialKeys = [
        "family", "timeouts", "source", "interface", "fwmark", "keepalive", "mptcp", "fast_open", "congestion",
    ]
    private static let directKeys = [
        "allow", "deny", "allow_ports", "deny_ports", "allow_domains", "deny_domains",
    ]
    private static let tunnelKeys = ["server", "method", "keys", "warm", "send_proxy"]
    private static let groupKeys = ["members", "policy", "hash_by", "tolerance", "check"]

    func readExits(_ root: Fields) {
        for fields in self.mappings("exits", of: root) {
            let name = self.exitNames.read(fields.required("name"))
            let kind = self.kind(fields, name: name)
            guard let name, let kind else { continue }
            self.exits.append(Configuration.Exit(name: name, kind: kind))
        }
    }

    private func kind(_ fields: Fields, name: String?) -> Configuration.Exit.Kind? {
        let type = fields.required("type")?.choice(ExitType.self)
        switch type {
        case .direct:
            fields.check(known: Self.commonKeys + Self.directKeys + Self.dialKeys)
            self.note(name, .direct)
            return self.direct(fields).map { .direct($0) }
        case .tunnel:
            fields.check(known: Self.commonKeys + Self.tunnelKeys + Self.dialKeys)
            self.note(name, .tunnel(hasKeys: fields["keys"] != nil))
            return self.tunnel(fields, name: name).map { .tunnel($0) }
        case .group:
            fields.check(known: Self.commonKeys + Self.groupKeys)
            return self.group(fields, name: name).map { .group($0) }
        case .block:
            fields.check(known: Self.commonKeys)
            self.note(name, .block)
            return .block
        case .socks5:
            return fields["type"]?.fail("\"socks5\" is not built yet")
        case nil:
            // Keys of every type: which of them are too many depends on the type that is missing.
            let known = Self.commonKeys + Self.directKeys + Self.tunnelKeys + Self.dialKeys + Self.groupKeys
            fields.check(known: known)
            return nil
        }
    }

    /// Notes what an exit is, for the rules that look at several, also where more is wrong with it. The first of a
    /// name counts.
    func note(_ name: String?, _ kind: NotedExit) {
        guard let name, self.notedExits[name] == nil else { return }
        self.notedExits[name] = kind
    }

    private func direct(_ fields: Fields) -> Configuration.Exit.Direct? {
        typealias Exit = Configuration.Exit
        let allow = fields.value("allow", default: []) { $0.listOrOne { $0.block() } }
        let deny = fields.value("deny", default: []) { $0.listOrOne { $0.block() } }
        let allowPorts = fields.value("allow_ports", default: []) { $0.listOrOne { $0.port() } }
        let denyPorts = fields.value("deny_ports", default: Exit.Direct.defaultDenyPorts) { $0.listOrOne { $0.port() } }
        let allowDomains = fields.value("allow_domains", default: []) { $0.listOrOne { $0.domain() } }
        let denyDomains = fields.value("deny_domains", default: []) { $0.listOrOne { $0.domain() } }
        let family = fields.value("family", default: .any) { $0.choice(Exit.Family.self) }
        let connectTimeout = self.connectTimeout(fields)
        let socket = self.dialSocket(fields)
        guard let allow, let deny, let allowPorts, let denyPorts, let allowDomains, let denyDomains, let family,
            let connectTimeout, let socket
        else { return nil }
        return Exit.Direct(
            allow: allow,
            deny: deny,
            allowPorts: allowPorts,
            denyPorts: denyPorts,
            allowDomains: allowDomains,
            denyDomains: denyDomains,
            family: family,
            connectTimeout: connectTimeout,
            socket: socket
        )
    }

    private func tunnel(_ fields: Fields, name: String?) -> Configuration.Exit.Tunnel? {
        let server = fields.required("server")?.address()
        if let server, let name, let field = fields["server"] {
            self.nextHops.append(NextHop(exit: name, server: server, place: field.place))
        }
        let method = self.method(fields)
        // Without their method keys cannot be judged.
        let keys = fields.optional("keys") { field in
            method.flatMap { field.keyChain($0, directory: self.directory, files: self.files) }
        }
        let family = fields.value("family", default: .any) { $0.choice(Configuration.Exit.Family.self) }
        let warm = fields.value("warm", default: 0) { $0.number(in: 0...Configuration.Exit.Tunnel.maximumWarm) }
        let sendProxy = fields.value("send_proxy", default: false) { $0.flag() }
        let connectTimeout = self.connectTimeout(fields)
        let socket = self.dialSocket(fields)
        guard let server, let keys, let family, let warm, let sendProxy, let connectTimeout, let socket else {
            return nil
        }
        return Configuration.Exit.Tunnel(
            server: server,
            keys: keys,
            connectTimeout: connectTimeout,
            family: family,
            warm: warm,
            socket: socket,
            sendProxy: sendProxy
        )
    }

    private func connectTimeout(_ fields: Fields) -> Interval? {
        fields.value("timeouts", default: Configuration.Exit.defaultConnectTimeout) { field in
            field.fields("connect")?.value("connect", default: Configuration.Exit.defaultConnectTimeout) {
                $0.interval()
            }
        }
    }
}
