import CausewayCrypto
import CausewayWire

extension ConfigurationReader {
    private static let plannedKeys = ["quota", "cycle", "rate", "devices", "connections", "expires", "disabled"]

    func readUsers(_ root: Fields) {
        guard let items = root["users"]?.items() else { return }
        self.hasUsers = !items.isEmpty
        for fields in items.compactMap({ $0.fields() }) {
            fields.check(known: ["name", "key", "password"], planned: Self.plannedKeys)
            let name = self.userNames.read(fields.required("name"))
            if fields["key"] == nil, fields["password"] == nil {
                self.findings.error(at: fields.place, "needs a \"key\", a \"password\" or both")
            }
            let key = fields["key"].map { self.userKey($0, name: name) }
            let password = fields["password"].map { self.password($0) }
            guard let name, key != .some(nil), password != .some(nil) else { continue }
            self.users.append(Configuration.User(name: name, key: key ?? nil, password: password ?? nil))
        }
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
