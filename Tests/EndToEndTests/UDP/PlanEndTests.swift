import TestSupport
import Testing

extension EndToEnd {
    /// A customer whose exit has datagrams of it and no connection.
    @Suite struct PlanEndTests {
        @Test func `a plan that is over ends associations, where the user has nothing else`() throws {
            let directory = try TemporaryDirectory()
            let socket = directory.file("admin.sock")
            let ports = (try FreePort.next(), try FreePort.next())
            let (serverKey, userKey) = (Credentials.key(.aes128), Credentials.key(.aes128))
            let exit = try Node(
                """
                listeners:
                  - { name: public, type: tunnel, address: "127.0.0.1:\(ports.1)", key: "\(serverKey)", users: true, exit: out }
                exits: [{ name: out, type: direct, allow: [127.0.0.0/8] }]
                ledger: { path: \(directory.file("ledger")) }
                admin: { socket: \(socket) }

                """,
                listeningOn: [ports.1]
            )
            let client = try Node(
                """
                listeners: [{ name: local, type: mixed, address: "127.0.0.1:\(ports.0)", exit: abroad }]
                exits: [{ name: abroad, type: tunnel, server: "127.0.0.1:\(ports.1)", keys: "\(serverKey):\(userKey)" }]

                """,
                listeningOn: [ports.0]
            )
            func causeway(_ arguments: String...) throws {
                let command = try Command.run([Binaries.causeway] + arguments + ["--socket", socket])
                guard command.succeeded else { throw TestFailure(command.errorText) }
            }
            func datagrams() throws -> EntryStatus.Datagrams? { try EntryStatus(of: socket).listeners.first?.udp }
            try causeway("user", "add", "alice", "--key", userKey)
            let echo = try DatagramEcho()
            let association = try SocksAssociation(via: ports.0)
            try association.exchange([1], with: echo.port)
            #expect(try datagrams()?.associations == 1)
            #expect(try EntryStatus(of: socket).listeners.first?.total == 0)
            try causeway("user", "set", "alice", "--expires", "1s")
            let isOver = Deadline.wait(20) { (try? datagrams())??.associations == 0 }
            #expect(isOver, "\(exit.log)")
            // And none begins.
            try association.send([2], to: echo.port)
            let isRefused = Deadline.wait(20) { ((try? datagrams())??.dropped ?? 0) > 0 }
            #expect(isRefused, "\(exit.log)")
            #expect(try datagrams()?.total == 1)
            // More of it, and the association goes on.
            try causeway("user", "set", "alice", "--expires", "never")
            try association.exchange([3], with: echo.port)
            for node in [client, exit] { try node.stop() }
        }
    }
}
