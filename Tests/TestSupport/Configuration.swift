/// The configuration files that the tests give to nodes.
public enum Configuration {
    /// A `mixed` listener whose exit is a tunnel to `serverPort`.
    public static func client(port: UInt16, serverPort: UInt16, _ credentials: Credentials) -> String {
        """
        listeners:
          - { name: local, type: mixed, address: "127.0.0.1:\(port)", exit: abroad }
        exits:
          - name: abroad
            type: tunnel
            server: "127.0.0.1:\(serverPort)"
            method: \(credentials.method.rawValue)
            keys: "\(credentials.keys)"

        """
    }

    /// A `tunnel` listener whose direct exit may reach this machine.
    public static func exit(port: UInt16, _ credentials: Credentials) -> String {
        let users = credentials.users.map { "  - { name: \($0.name), key: \"\($0.key)\" }\n" }.joined()
        return """
            listeners:
              - name: public
                type: tunnel
                address: "127.0.0.1:\(port)"
                method: \(credentials.method.rawValue)
                key: "\(credentials.serverKey)"
                users: \(!credentials.users.isEmpty)
                exit: out
            exits:
              - { name: out, type: direct, allow: ["127.0.0.0/8", "::1/128"] }

            """ + (users.isEmpty ? "" : "users:\n\(users)")
    }

    /// A `mixed` listener with a direct exit; `allow` lists CIDR blocks beyond the public ones.
    public static func direct(port: UInt16, allow: [String]) -> String {
        """
        listeners:
          - { name: local, type: mixed, address: "127.0.0.1:\(port)", exit: out }
        exits:
          - { name: out, type: direct, allow: [\(allow.map { "\"\($0)\"" }.joined(separator: ", "))] }

        """
    }

    /// A client whose key chain is `keys`.
    public static func client(port: UInt16, serverPort: UInt16, method: MethodName, keys: String) -> String {
        """
        listeners:
          - { name: local, type: mixed, address: "127.0.0.1:\(port)", exit: abroad }
        exits:
          - { name: abroad, type: tunnel, server: "127.0.0.1:\(serverPort)", method: \(method.rawValue), keys: "\(keys)" }

        """
    }
}
