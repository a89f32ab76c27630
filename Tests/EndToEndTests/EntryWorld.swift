import TestSupport

/// A client, an entry of one kind or the other, and exits behind it as a group.
struct EntryWorld {
    let exits: [Node]
    let entry: Node
    let client: Node
    let proxyPort: UInt16
    /// The entry's admin socket.
    let socket: String
    private let directory: TemporaryDirectory

    /// - Parameters:
    ///   - credentials: what the exits and their users have.
    ///   - group: more of the group, such as `, policy: hash`.
    init(isBlind: Bool, to credentials: Credentials, exits: Int, group: String) throws {
        TestSize.allowManyDescriptors()
        let entry = Entry(to: credentials)
        let servers = try (0..<exits).map { _ in try FreePort.next() }
        self.exits = try servers.map { port in
            try Node(Configuration.exit(port: port, entry.exit), listeningOn: [port])
        }
        self.directory = try TemporaryDirectory()
        self.socket = self.directory.file("admin.sock")
        let port = try FreePort.next()
        let more = "admin: { socket: \(self.socket) }"
        let text =
            isBlind
            ? entry.relay(port: port, servers: servers, hasUsers: true, group: group, more: more)
            : entry.terminating(port: port, servers: servers, group: group, more: more)
        self.entry = try Node(text, listeningOn: [port])
        self.proxyPort = try FreePort.next()
        self.client = try Node(
            Configuration.client(
                port: self.proxyPort,
                serverPort: port,
                method: entry.exit.method,
                keys: isBlind ? entry.keys(hasUsers: true) : entry.key
            ),
            listeningOn: [self.proxyPort]
        )
    }

    func session(to echo: LoopbackServer) throws -> LoopbackSocket {
        let session = try LoopbackSocket.session(via: self.proxyPort, to: echo.port)
        session.setPatience(seconds: 30)
        return session
    }

    /// What a blind entry says of its one user.
    func user() throws -> UserShown {
        let command = try Command.run(
            [Binaries.causeway, "user", "show", "alice", "--json", "--socket", self.socket]
        )
        return try UserShown(command.output)
    }
}
