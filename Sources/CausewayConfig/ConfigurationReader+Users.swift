import CausewayBytes
import CausewayCore
import CausewayCrypto
import CausewayWire

extension ConfigurationReader {
    private static let userKeys = [
        "name", "key", "keys", "password", "note", "quota", "cycle", "zone", "rate", "rate_up", "rate_down",
        "connections", "devices", "expires", "disabled",
    ]

    func readUsers(_ root: Fields) {
        guard let items = root["users"]?.items() else { return }
        self.hasUsers = !items.isEmpty
        for fields in items.compactMap({ $0.fields() }) {
            fields.check(known: Self.userKeys)
            if let user = self.user(fields) { self.users.append(user) }
        }
    }

    private func user(_ fields: Fields) -> Configuration.User? {
        let name = self.userNames.read(fields.required("name"))
        if fields["key"] == nil, fields["keys"] == nil, fields["password"] == nil {
            self.findings.error(at: fields.place, "needs a \"key\", a \"password\" or both")
        }
        if fields["key"] != nil, let field = fields["keys"] {
            self.findings.error(at: field.place, "is there beside \"key\"; one of them is enough")
        }
        let keys = (fields["key"] ?? fields["keys"]).map { self.userKeys(of: $0, name: name) } ?? []
        let password = fields["password"].map { self.password($0) }
        let note = fields.value("note", default: "") { field in
            field.parsed("up to \(Configuration.User.maximumNoteCount) bytes of printable text") { text in
                Configuration.isUserNote(text) ? text : nil
            }
        }
        let isDisabled = fields.value("disabled", default: false) { $0.flag() }
        let plan = self.plan(fields)
        guard let name, let keys, password != .some(nil), let note, let isDisabled, let plan else { return nil }
        return Configuration.User(
            name: name,
            keys: keys,
            password: password ?? nil,
            note: note,
            plan: plan,
            isEnabled: !isDisabled
        )
    }

    private func userKeys(of field: Field, name: String?) -> [Secret]? {
        // A file is a mapping, and still one key.
        if field.isMapping { return self.userKey(field, name: name).map { [$0] } }
        guard let keys = field.listOrOne({ self.userKey($0, name: name) }) else { return nil }
        guard keys.count <= Configuration.User.maximumKeyCount else {
            return field.fail("has more than \(Configuration.User.maximumKeyCount) keys")
        }
        return keys
    }

    /// The key, which is as long as the listeners with users want it; of any method's length where there are none.
    private func userKey(_ field: Field, name: String?) -> Secret? {
        let wanted = self.userDemands.compactMap(\.keyCount).first
        guard let secret = field.secretText("key", directory: self.directory, files: self.files) else { return nil }
        var failure = KeyError.notBase64
        for method in [Method.aes128GCM, .aes256GCM] where wanted == nil || wanted == method.keyCount {
            do throws(KeyError) {
                let key = try method.parseKey(secret.text)
                self.userKeys.append((key, name ?? "", field.place))
                return key
            } catch {
                failure = error
            }
        }
        if wanted == nil, case .wrongLength(let count, _) = failure {
            return field.fail("\(secret.name) has \(count) bytes, where methods want 16 or 32")
        }
        return field.fail("\(secret.name) \(failure)")
    }

    /// The password: as many bytes as SOCKS5 carries (RFC 1929).
    private func password(_ field: Field) -> Secret? {
        guard let secret = field.secretText("password", directory: self.directory, files: self.files) else {
            return nil
        }
        guard (1...255).contains(secret.text.utf8.count) else {
            return field.fail("\(secret.name) is not 1 to 255 bytes")
        }
        return Secret(Array(secret.text.utf8))
    }
}
