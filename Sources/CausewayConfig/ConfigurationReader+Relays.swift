import CausewayCrypto
import CausewayWire

// Listeners of the type `relay`.
extension ConfigurationReader {
    static let relayKeys = ["method", "key", "users", "next", "reject"]

    func relay(_ fields: Fields, name: String?) -> Configuration.Listener.Relay? {
        let method = self.method(fields)
        let reject = fields.value("reject", default: .drain) { $0.choice(Configuration.Listener.Reject.self) }
        let users = fields.value("users", default: false) { $0.flag() }
        let keyField = fields.required("key")
        let nextField = fields.required("next")
        if let method, !method.hasIdentityHeaders {
            let reason = "\(method.rawValue) has no identity headers, which are what a relay reads"
            if let field = fields["method"] { self.findings.error(at: field.place, reason) }
            return nil
        }
        let key = method.flatMap { method in
            keyField?.key(method, directory: self.directory, files: self.files)
        }
        if let key, let keyField { self.listenerKeys.append((key, name ?? "", keyField.place)) }
        if users == true, let method { self.noteDemand(fields, name: name, keyCount: method.keyCount) }
        let next = nextField.flatMap { self.nextHops($0, method: method, name: name, own: key) }
        guard let method, let key, let users, let next, let reject else { return nil }
        return Configuration.Listener.Relay(method: method, key: key, users: users, next: next, reject: reject)
    }

    private func nextHops(
        _ field: Field,
        method: Method?,
        name: String?,
        own: Secret?
    ) -> [Configuration.Listener.Next]? {
        guard let items = field.items() else { return nil }
        if items.isEmpty { return field.fail("needs one at least") }
        var next: [Configuration.Listener.Next] = []
        var owners: [[UInt8]: String] = [:]
        if let own { owners[own.withBytes { Array($0) }] = "this listener" }
        for fields in items.compactMap({ $0.fields("key", "exit") }) {
            let exit = fields.required("exit")?.text()
            if let exit, let field = fields["exit"] {
                self.exitReferences.append((exit, field.place))
                self.relayReferences.append((exit, field.place))
                self.noteWay(by: exit)
            }
            let keyField = fields.required("key")
            guard let method, let keyField, let exit,
                let key = keyField.key(method, directory: self.directory, files: self.files)
            else { continue }
            let bytes = key.withBytes { Array($0) }
            if let owner = owners[bytes] {
                self.findings.error(at: keyField.place, "is the same key as that of \(owner)")
            } else {
                owners[bytes] = "the next hop \"\(exit)\""
            }
            self.nextKeys.append((key, exit, keyField.place))
            next.append(Configuration.Listener.Next(key: key, exit: exit))
        }
        return next.count == items.count ? next : nil
    }
}
