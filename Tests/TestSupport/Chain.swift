/// A client and an exit on this machine, as an operator would configure them.
public final class Chain: Sendable {
    /// The port of the client's `mixed` listener.
    public let proxyPort: UInt16
    /// The port of the exit's `tunnel` listener.
    public let tunnelPort: UInt16
    public let client: Node
    public let exit: Node

    /// Starts both.
    ///
    /// - Parameters:
    ///   - credentials: what both sides share.
    ///   - tunnelPort: where the exit listens; a free port where left out.
    ///   - clientServerPort: where the client connects to, when something stands between; `tunnelPort` where left out.
    ///   - exitDescriptorLimit: RLIMIT_NOFILE of the exit.
    ///   - environments: variables added to those of the test.
    public init(
        _ credentials: Credentials = .singleUser(.aes128),
        tunnelPort: UInt16? = nil,
        clientServerPort: UInt16? = nil,
        exitDescriptorLimit: Int? = nil,
        environments: (client: [String: String], exit: [String: String]) = ([:], [:])
    ) throws {
        let tunnelPort = try tunnelPort ?? FreePort.next()
        self.tunnelPort = tunnelPort
        self.proxyPort = try FreePort.next()
        self.exit = try Node(
            Configuration.exit(port: self.tunnelPort, credentials),
            listeningOn: [self.tunnelPort],
            descriptorLimit: exitDescriptorLimit,
            environment: environments.exit
        )
        self.client = try Node(
            Configuration.client(port: self.proxyPort, serverPort: clientServerPort ?? self.tunnelPort, credentials),
            listeningOn: [self.proxyPort],
            environment: environments.client
        )
    }

    /// A session to `port` of 127.0.0.1 through both nodes.
    public func session(to port: UInt16) throws -> LoopbackSocket {
        try LoopbackSocket.session(via: self.proxyPort, to: port)
    }

    /// Ends both as an operator does; throws when one does not end cleanly.
    public func stop() throws {
        try self.client.stop()
        try self.exit.stop()
    }
}
