import CausewayBytes
import CausewayWire

/// The types of exits, those that are not built included.
private enum ExitType: String, CaseIterable {
    case direct, tunnel, block, socks5, group
}

extension ConfigurationReader {
    private static let commonKeys = ["name", "type"]
    private static let directKeys = [
        "allow", "deny", "allow_ports", "deny_ports", "allow_domains", "deny_domains", "family", "timeouts",
    ]
    private static let tunnelKeys = ["server", "method", "keys", "timeouts"]
    private static let plannedKeys = ["congestion", "warm", "source", "interface", "fwmark", "members", "policy"]

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
            fields.check(known: Self.commonKeys + Self.directKeys, planned: Self.plannedKeys)
            return self.direct(fields).map { .direct($0) }
        case .tunnel:
            fields.check(known: Self.commonKeys + Self.tunnelKeys, planned: Self.plannedKeys)
            return self.tunnel(fields, name: name).map { .tunnel($0) }
        case .block:
            fields.check(known: Self.commonKeys, planned: [])
            return .block
        case .socks5, .group:
            return fields["type"]?.fail("\"\(type?.rawValue ?? "")\" is not built yet")
        case nil:
            // Keys of every type: which of them are too many depends on the type that is missing.
            fields.check(known: Self.commonKeys + Self.directKeys + Self.tunnelKeys, planned: Self.plannedKeys)
            return nil
        }
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
        guard let allow, let deny, let allowPorts, let denyPorts, let allowDomains, let denyDomains, let family,
            let connectTimeout
        else { return nil }
        return Exit.Direct(
            allow: allow,
            deny: deny,
            allowPorts: allowPorts,
            denyPorts: denyPorts,
            allowDomains: allowDomains,
            denyDomains: denyDomains,
            family: family,
            connectTimeout: connectTimeout
        )
    }

    private func tunnel(_ fields: Fields, name: String?) -> Configuration.Exit.Tunnel? {
        let server = fields.required("server")?.address()
        if let server, let name, let field = fields["server"] {
            self.nextHops.append(NextHop(exit: name, server: server, place: field.place))
        }
        let method = self.method(fields)
        let keyField = fields.required("keys")
        let connectTimeout = self.connectTimeout(fields)
        // Without their method keys cannot be judged, but they have to be there.
        guard let method, let keys = keyField?.keyChain(method, directory: self.directory, files: self.files),
            let server, let connectTimeout
        else { return nil }
        return Configuration.Exit.Tunnel(server: server, keys: keys, connectTimeout: connectTimeout)
    }

    private func connectTimeout(_ fields: Fields) -> Interval? {
        fields.value("timeouts", default: Configuration.Exit.defaultConnectTimeout) { field in
            field.fields("connect")?.value("connect", default: Configuration.Exit.defaultConnectTimeout) {
                $0.interval()
            }
        }
    }
}
