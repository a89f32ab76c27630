import Foundation
import TestSupport
import Testing

extension EndToEnd {
    /// What a blind relay bills of sessions that nobody answers: it cannot tell them from recordings.
    @Suite struct ProvisionalTests {
        private struct User: Decodable {
            var used: Int
            var left: Int?
            var unanswered: Int
            var connections: Int
        }

        private static let quota = 50_000_000

        /// A relay with one user in front of what stands for an exit.
        private final class World {
            let entry = Entry(to: .singleUser(.aes128))
            let port: UInt16
            private let directory: TemporaryDirectory
            private var relay: Node
            private let configuration: String

            init(exit: UInt16) throws {
                self.port = try FreePort.next()
                self.directory = try TemporaryDirectory()
                let files =
                    "admin: { socket: \(self.directory.file("a.sock")) }\nledger: { path: \(self.directory.file("l")) }"
                self.configuration = self.entry.relay(
                    port: self.port,
                    servers: [exit],
                    hasUsers: true,
                    group: ", check: off",
                    more: files,
                    plan: ", quota: \(ProvisionalTests.quota)"
                )
                self.relay = try Node(self.configuration, listeningOn: [self.port])
            }

            /// Ends the relay, and with it what it remembers of salts.
            func restart() throws {
                try self.relay.stop()
                self.relay = try Node(self.configuration, listeningOn: [self.port])
            }

            /// The user, once no session is left.
            func user() throws -> User {
                // Asked once more: a session that leaves while the answer is made may be in half of it.
                _ = Deadline.wait(30) { (try? self.show().connections) == 0 }
                return try self.show()
            }

            func show() throws -> User {
                let command = try Command.run([
                    Binaries.causeway, "user", "show", "alice", "--json", "--socket", self.directory.file("a.sock"),
                ])
                guard command.succeeded else { throw TestFailure(command.errorText) }
                return try JSONDecoder().decode(User.self, from: Data(command.output))
            }

            func stop() throws { try self.relay.stop() }
        }

        @Test func `without an answer nothing is billed, with one everything is`() throws {
            let exit = try LoopbackServer { connection in
                // The last byte of what a session sends says whether it is answered.
                let head = try connection.read(exactly: 100_000)
                if head.last == 1 { try connection.write([UInt8](repeating: 7, count: 1_000)) }
                _ = connection.readToEnd()
            }
            let world = try World(exit: exit.port)
            let headers = try HeaderSource(world.entry).take(2)
            // Salt and the exit's own headers go on with the payload; 32 bytes were for the relay.
            for (answer, header) in zip([0, 1] as [UInt8], headers) {
                let session = try LoopbackSocket(connectingTo: world.port)
                let forwarded = header.count - 32
                var bytes = header + [UInt8](repeating: 9, count: 100_000 - forwarded)
                bytes[bytes.count - 1] = answer
                try session.write(bytes)
                if answer == 1 { _ = try session.read(exactly: 1_000) }
                session.finishWriting()
                _ = session.readToEnd()
                let user = try world.user()
                #expect(user.used == (answer == 1 ? 101_000 : 0))
                #expect(user.unanswered == 100_000)
                #expect(user.left == Self.quota - user.used)
            }
            try world.stop()
        }

        @Test func `a long upload that an exit takes is billed though nobody answers`() throws {
            let exit = try LoopbackServer { connection in _ = connection.readToEnd() }
            let world = try World(exit: exit.port)
            let session = try LoopbackSocket(connectingTo: world.port)
            let header = try HeaderSource(world.entry).take(1)[0]
            let count = 30_000_000
            try session.write(header + [UInt8](repeating: 9, count: count))
            session.finishWriting()
            _ = session.readToEnd()
            let user = try world.user()
            #expect(user.used == count + header.count - 32 && user.unanswered == 0)
            try world.stop()
        }

        @Test func `a recorded session that is sent again, with garbage behind it, costs its user nothing`() throws {
            let port = try FreePort.next()
            let world = try World(exit: port)
            let exit = try Node(Configuration.exit(port: port, world.entry.exit), listeningOn: [port])
            let target = try LoopbackServer.echo()
            // The first time the session is recorded on its way to the relay.
            let recorder = try RecordingRelay(to: world.port)
            let proxy = try FreePort.next()
            let client = try Node(
                Configuration.client(
                    port: proxy,
                    serverPort: recorder.port,
                    method: world.entry.exit.method,
                    keys: world.entry.keys(hasUsers: true)
                ),
                listeningOn: [proxy]
            )
            let session = try LoopbackSocket.session(via: proxy, to: target.port)
            try session.write([1, 2, 3])
            #expect(try session.read(exactly: 3) == [1, 2, 3])
            session.close()
            let before = try world.user()
            #expect(before.used > 0)
            let recorded = try #require(recorder.sent.first)
            // The relay that remembers refuses it by itself; one that does not forwards it, and the exit refuses.
            try world.restart()
            let again = try LoopbackSocket(connectingTo: world.port)
            again.setPatience(seconds: 2)
            try? again.write(recorded + [UInt8](repeating: 0x55, count: 20_000_000))
            again.reset()
            let after = try world.user()
            #expect(after.used == before.used)
            #expect(after.left == before.left)
            try client.stop()
            try exit.stop()
            try world.stop()
        }
    }
}
