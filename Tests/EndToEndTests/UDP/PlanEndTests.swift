import Foundation
import TestSupport
import Testing

extension EndToEnd {
    /// A customer whose exit has datagrams of it and no connection: it is looked after as any.
    @Suite struct PlanEndTests {
        /// The bytes that the database has of all users.
        private static func folded(_ path: String) throws -> Int {
            let query = "SELECT sum(used_up + used_down) FROM user"
            let script =
                "import sqlite3; print(sqlite3.connect('file:\(path)?mode=ro', uri=True).execute('\(query)').fetchone()[0])"
            let command = try Command.run(["python3", "-c", script])
            guard
                let count = Int(
                    String(decoding: command.output, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
                )
            else { throw TestFailure(command.errorText) }
            return count
        }

        @Test func `a user who has associations alone is billed in the database, and has none when the plan is over`()
            throws
        {
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
            // The first time everybody's is, the second time that of those who are there.
            for payload in [[2], [3]] as [[UInt8]] {
                let before = try Self.folded(directory.file("ledger/ledger.sqlite"))
                try association.exchange(payload, with: echo.port)
                let isFolded = Deadline.wait(30) {
                    ((try? Self.folded(directory.file("ledger/ledger.sqlite"))) ?? 0) > before
                }
                #expect(isFolded)
            }
            try causeway("user", "set", "alice", "--expires", "1s")
            let isOver = Deadline.wait(20) { (try? datagrams())??.associations == 0 }
            #expect(isOver, "\(exit.log)")
            // And none begins.
            try association.send([4], to: echo.port)
            let isRefused = Deadline.wait(20) { ((try? datagrams())??.dropped ?? 0) > 0 }
            #expect(isRefused, "\(exit.log)")
            #expect(try datagrams()?.total == 1)
            // More of it, and the association goes on.
            try causeway("user", "set", "alice", "--expires", "never")
            try association.exchange([5], with: echo.port)
            for node in [client, exit] { try node.stop() }
        }
    }
}
