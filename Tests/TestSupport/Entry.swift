/// An entry in front of exits: its keys, and the configurations that go with them.
public struct Entry: Sendable {
    /// What the exits and their users have.
    public let exit: Credentials
    public let key: String
    /// The one user's access key.
    public let accessKey: String

    public init(to exit: Credentials) {
        self.exit = exit
        self.key = Credentials.key(exit.method)
        self.accessKey = Credentials.key(exit.method)
    }

    /// The client's key chain: with the access key where the entry knows its users.
    public func keys(hasUsers: Bool) -> String {
        "\(self.key):\(hasUsers ? "\(self.accessKey):" : "")\(self.exit.keys)"
    }

    /// A blind entry on `port`, whose exits are at `servers`: one, or several as a group.
    ///
    /// - Parameters:
    ///   - group: more of the group, such as `, policy: hash`.
    ///   - more: further sections.
    ///   - plan: more of the user, such as `, quota: 50 MB`.
    public func relay(
        port: UInt16,
        servers: [UInt16],
        hasUsers: Bool,
        group: String = "",
        more: String = "",
        plan: String = ""
    ) -> String {
        """
        listeners:
          - name: customers
            type: relay
            address: "127.0.0.1:\(port)"
            method: \(self.exit.method.rawValue)
            key: "\(self.key)"
            users: \(hasUsers)
            next: [{ key: "\(self.exit.serverKey)", exit: abroad }]
        exits:
        \(Self.exits(servers, "", group))
        \(hasUsers ? "users: [{ name: alice, key: \"\(self.accessKey)\"\(plan) }]" : "")
        \(more)

        """
    }

    /// An entry on `port` that opens its customers' tunnels and makes its own to `servers`.
    public func terminating(port: UInt16, servers: [UInt16], group: String = "", more: String = "") -> String {
        let keys = ", method: \(self.exit.method.rawValue), keys: \"\(self.exit.keys)\""
        return """
            listeners:
              - name: customers
                type: tunnel
                address: "127.0.0.1:\(port)"
                method: \(self.exit.method.rawValue)
                key: "\(self.key)"
                exit: abroad
            exits:
            \(Self.exits(servers, keys, group))
            \(more)

            """
    }

    private static func exits(_ servers: [UInt16], _ keys: String, _ group: String) -> String {
        var lines = servers.enumerated().map { index, server in
            "  - { name: e\(index), type: tunnel, server: \"127.0.0.1:\(server)\"\(keys) }"
        }
        let members = servers.indices.map { "e\($0)" }.joined(separator: ", ")
        lines.append("  - { name: abroad, type: group, members: [\(members)]\(group) }")
        return lines.joined(separator: "\n")
    }
}
