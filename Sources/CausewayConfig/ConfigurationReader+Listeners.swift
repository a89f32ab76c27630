import CausewayBytes
import CausewayCrypto
import CausewayWire

/// The types of listeners, those that are not built included.
private enum ListenerType: String, CaseIterable {
    case mixed, tunnel, relay, forward
}

extension ConfigurationReader {
    private static let commonKeys = ["name", "type", "address", "timeouts", "proxy_protocol", "udp"] + listenSocketKeys
    private static let tunnelKeys = ["exit", "method", "key", "users", "reject"]
    private static let forwardKeys = ["exit", "target"]

    func readListeners(_ root: Fields) {
        for fields in self.mappings("listeners", of: root) {
            if let listener = self.listener(fields) { self.listeners.append(listener) }
        }
    }

    private func listener(_ fields: Fields) -> Configuration.Listener? {
        let name = self.listenerNames.read(fields.required("name"))
        let addresses = fields.required("address")?.listOrOne { $0.socketAddress() }
        if let addresses, addresses.isEmpty, let field = fields["address"] {
            self.findings.error(at: field.place, "needs one at least")
        }
        let index = self.routes.count
        self.routes.append(ListenerRoute(name: name ?? fields.place.path))
        let timeouts = self.timeouts(fields)
        let networks = fields.value("proxy_protocol", default: []) { $0.listOrOne { $0.block() } }
        let socket = self.listenSocket(fields)
        let udp = fields.value("udp", default: true) { $0.flag() }
        let type = fields.required("type")?.choice(ListenerType.self)
        let exit = type == .relay ? nil : self.exit(of: fields)
        let kind = self.kind(type, fields, name: name)
        if let field = fields["address"] {
            for address in addresses ?? [] {
                self.listenPoints.append(
                    ListenPoint(address: address, listener: index, isProxy: type == .mixed, place: field.place)
                )
            }
        }
        guard let name, let addresses, let timeouts, let networks, let socket, let udp, let kind else { return nil }
        if type != .relay, exit == nil { return nil }
        self.warnOfOpenProxy(kind, addresses, fields)
        return Configuration.Listener(
            name: name,
            addresses: addresses,
            exit: exit,
            handshakeTimeout: timeouts.handshake,
            idleTimeout: timeouts.idle,
            udp: udp,
            datagramIdleTimeout: timeouts.datagrams,
            proxyProtocol: networks,
            socket: socket,
            kind: kind
        )
    }

    private func exit(of fields: Fields) -> String? {
        let exit = fields.required("exit")?.text()
        if let exit, let field = fields["exit"] {
            self.exitReferences.append((exit, field.place))
            self.keyedReferences.append((exit, field.place))
            self.noteWay(by: exit)
        }
        return exit
    }

    private func kind(_ type: ListenerType?, _ fields: Fields, name: String?) -> Configuration.Listener.Kind? {
        switch type {
        case .mixed:
            fields.check(known: Self.commonKeys + ["exit", "users"])
            guard let users = fields.value("users", default: false, { $0.flag() }) else { return nil }
            if users { self.noteDemand(fields, name: name, keyCount: nil) }
            return .mixed(users: users)
        case .tunnel:
            fields.check(known: Self.commonKeys + Self.tunnelKeys)
            return self.tunnel(fields, name: name)
        case .relay:
            fields.check(known: Self.commonKeys + Self.relayKeys)
            return self.relay(fields, name: name).map { .relay($0) }
        case .forward:
            fields.check(known: Self.commonKeys + Self.forwardKeys)
            guard let field = fields.required("target"), let target = field.address() else { return nil }
            self.noteTarget(target, field.place)
            return .forward(target: target)
        case nil:
            // Keys of every type: which of them are too many depends on the type that is missing.
            let known = Self.commonKeys + Self.tunnelKeys + ["next", "target"]
            fields.check(known: known)
            return nil
        }
    }

    private func tunnel(_ fields: Fields, name: String?) -> Configuration.Listener.Kind? {
        let method = self.method(fields)
        let users = fields.value("users", default: false) { $0.flag() }
        let reject = fields.value("reject", default: .drain) { $0.choice(Configuration.Listener.Reject.self) }
        // Without its method a key cannot be judged, but it has to be there.
        let keyField = fields.required("key")
        guard let method, let key = keyField?.key(method, directory: self.directory, files: self.files) else {
            return nil
        }
        if let keyField { self.listenerKeys.append((key, name ?? "", keyField.place)) }
        if users == true {
            if method.hasIdentityHeaders {
                self.noteDemand(fields, name: name, keyCount: method.keyCount)
            } else if let field = fields["users"] {
                self.findings.error(at: field.place, "\(method.rawValue) has no identity headers, and so a single user")
            }
        }
        guard let users, let reject else { return nil }
        return .tunnel(method: method, key: key, users: users, reject: reject)
    }

    func noteDemand(_ fields: Fields, name: String?, keyCount: Int?) {
        guard let field = fields["users"] else { return }
        self.userDemands.append(UserDemand(listener: name ?? "", keyCount: keyCount, place: field.place))
    }

    private struct Timeouts {
        var handshake = Configuration.Listener.defaultHandshakeTimeout
        var idle = Configuration.Listener.defaultIdleTimeout
        var datagrams = Configuration.Listener.defaultDatagramIdleTimeout
    }

    private func timeouts(_ fields: Fields) -> Timeouts? {
        let defaults = Timeouts()
        guard let field = fields["timeouts"] else { return defaults }
        guard let timeouts = field.fields("handshake", "idle", "udp") else { return nil }
        let handshake = timeouts.value("handshake", default: defaults.handshake) { $0.interval() }
        let idle = timeouts.value("idle", default: defaults.idle) { $0.interval() }
        let datagrams = timeouts.value("udp", default: defaults.datagrams) { $0.interval() }
        guard let handshake, let idle, let datagrams else { return nil }
        return Timeouts(handshake: handshake, idle: idle, datagrams: datagrams)
    }

    private func warnOfOpenProxy(
        _ kind: Configuration.Listener.Kind,
        _ addresses: [SocketAddress],
        _ fields: Fields
    ) {
        switch kind {
        case .tunnel, .relay, .forward, .mixed(users: true): return
        case .mixed(users: false):
            guard let open = addresses.first(where: { !$0.ip.isLoopback }), let field = fields["address"] else {
                return
            }
            self.findings.warn(at: field.place, "whoever reaches \(open) can use this proxy: it asks for no user")
        }
    }
}
