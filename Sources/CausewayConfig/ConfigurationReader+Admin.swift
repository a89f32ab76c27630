import CausewayBytes
import CausewayCrypto

// Where the admin API is served.
extension ConfigurationReader {
    func admin(_ root: Fields) -> Configuration.Admin? {
        root.value("admin", default: Configuration.Admin(socket: nil, remote: nil)) { field in
            guard let fields = field.fields("socket", "address", "tokens") else { return nil }
            let socket = fields.optional("socket") { self.socketPath($0) }
            let address = fields.optional("address") { $0.socketAddress() }
            let tokens = fields.value("tokens", default: []) { $0.listOrOne { self.tokenDigest($0) } }
            guard let socket, let address, let tokens else { return nil }
            guard let address else {
                if let field = fields["tokens"] { return field.fail("are for admin.address, and there is none") }
                return Configuration.Admin(socket: socket, remote: nil)
            }
            guard let place = fields["address"]?.place else { return nil }
            guard !tokens.isEmpty else {
                let reason =
                    "needs \"tokens\": whoever reaches the address would change users (\"causeway token\" makes one)"
                self.findings.error(at: place, reason)
                return nil
            }
            self.adminPoint = (address, place)
            if !address.ip.isLoopback {
                let reason = "whoever is on the way reads the token: other machines better come through TLS or SSH"
                self.findings.warn(at: place, reason)
            }
            return Configuration.Admin(
                socket: socket,
                remote: Configuration.Admin.Remote(address: address, tokens: tokens)
            )
        }
    }

    private func tokenDigest(_ field: Field) -> TokenDigest? {
        field.parsed("a token's digest, \"sha256:\" and 64 hexadecimal digits, as \"causeway token\" prints it") {
            TokenDigest($0)
        }
    }

    /// The path of a Unix socket: the kernel takes up to 107 bytes (unix(7)), of which it is made with some more at first,
    /// the process's number.
    private func socketPath(_ field: Field) -> String? {
        guard let path = field.text() else { return nil }
        let resolved = path.hasPrefix("/") || self.directory.isEmpty ? path : "\(self.directory)/\(path)"
        guard resolved.utf8.count <= 99, !resolved.utf8.contains(0) else {
            return field.fail("is longer than the 99 bytes that the path of a socket can have")
        }
        return resolved
    }
}
