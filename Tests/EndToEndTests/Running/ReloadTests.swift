import Foundation
import Synchronization
import TestSupport
import Testing

extension EndToEnd {
    /// A node that is told to read its configuration again.
    @Suite struct ReloadTests {
        private func causeway(_ arguments: String...) throws -> Command {
            try Command.run([Binaries.causeway] + arguments)
        }

        private func write(_ text: String, to path: String) throws {
            try text.write(toFile: path, atomically: true, encoding: .utf8)
        }

        @Test func `an operator sees what would be different, and what is, and a fault by its name`() throws {
            let directory = try TemporaryDirectory()
            let port = try FreePort.next()
            let base = """
                exits: [{ name: out, type: direct, allow: [127.0.0.0/8] }]
                ledger: { path: \(directory.file("ledger")) }
                admin: { socket: \(directory.file("admin.sock")) }
                loops: 1

                """
            func listener(_ more: String = "") -> String {
                "listeners: [{ name: in, type: mixed, address: \"127.0.0.1:\(port)\", users: true, exit: out\(more) }]\n"
            }
            func user(_ name: String, _ more: String = "") -> String {
                "  - { name: \(name), password: \(name)\(more) }\n"
            }
            let first = listener() + base + "users:\n" + user("alice") + user("bob")
            let node = try Node(first, listeningOn: [port])
            let file = node.configurationFile
            #expect(
                String(decoding: try self.causeway("reload", "-c", file).output, as: UTF8.self)
                    == "nothing is different\n"
            )

            let second =
                listener(", timeouts: { idle: 5 min }") + base.replacing("loops: 1", with: "loops: 2")
                + "users:\n" + user("alice", ", quota: 5 GB") + user("carol")
            try self.write(second, to: file)
            let wanted = [
                "user bob: removed", "user alice: quota none -> 5 GB", "user carol: added",
                "after a restart: loops: 1 -> 2",
            ]
            for command in [["check", "--diff"], ["reload", "--dry-run"], ["reload"]] {
                let said = try Command.run([Binaries.causeway] + command + ["-c", file])
                let text = String(decoding: said.output, as: UTF8.self)
                #expect(said.succeeded && text.hasPrefix("listener in: mixed, "), "\(text) \(said.errorText)")
                #expect(text.contains("idle 1 h, UDP 5 min -> "), "\(text)")
                for line in wanted { #expect(text.contains(line + "\n"), "\(text)") }
            }
            let list = try self.causeway("user", "list", "-c", file)
            #expect(!String(decoding: list.output, as: UTF8.self).contains("bob"))

            try self.write(second.replacing("quota: 5 GB", with: "quota: 5 GBB"), to: file)
            let refused = try self.causeway("reload", "--socket", directory.file("admin.sock"))
            #expect(
                refused.status == .exited(1) && refused.errorText.contains("users[0].quota"),
                "\(refused.errorText)"
            )
            kill(node.process.pid, SIGHUP)
            let isTold = Deadline.wait(20) { node.log.contains("not reloaded") && node.log.contains("users[0].quota") }
            #expect(isTold, "\(node.log)")
            try self.write(second.replacing("quota: 5 GB", with: "quota: 6 GB"), to: file)
            kill(node.process.pid, SIGHUP)
            let isDone = Deadline.wait(20) { node.log.contains("user alice: quota 5 GB -> 6 GB") }
            #expect(isDone, "\(node.log)")
            try node.stop()
        }

        /// Sessions that talk all the time, and new ones all the time, while the client and the exit reload again and
        /// again: none is lost, and none refused.
        @Test func `nobody notices a reload`() throws {
            TestSize.allowManyDescriptors()
            let directory = try TemporaryDirectory()
            let ports = (try FreePort.next(), try FreePort.next())
            let (serverKey, userKey) = (Credentials.key(.aes128), Credentials.key(.aes128))
            func exit(_ round: Int) -> String {
                """
                listeners:
                  - { name: public, type: tunnel, address: "127.0.0.1:\(ports.1)", key: "\(serverKey)", users: true,
                      exit: out, timeouts: { idle: \(round % 2 + 10) min } }
                exits: [{ name: out, type: direct, allow: [127.0.0.0/8\(round % 3 == 0 ? ", 10.0.0.0/8" : "")] }]
                users: [{ name: alice, key: "\(userKey)", quota: \(round % 5 + 100) GB }]
                ledger: { path: \(directory.file("ledger")) }
                admin: { socket: \(directory.file("exit.sock")) }
                loops: 2

                """
            }
            func client(_ round: Int) -> String {
                """
                listeners: [{ name: local, type: mixed, address: "127.0.0.1:\(ports.0)", exit: abroad }]
                exits:
                  - { name: abroad, type: tunnel, server: "127.0.0.1:\(ports.1)", keys: "\(serverKey):\(userKey)",
                      warm: \(round % 4) }
                admin: { socket: \(directory.file("client.sock")) }
                loops: 2

                """
            }
            let nodes = [
                try Node(exit(0), listeningOn: [ports.1]), try Node(client(0), listeningOn: [ports.0]),
            ]
            let echo = try LoopbackServer.echo()
            let count = TestSize.number("CAUSEWAY_SESSIONS", full: 200, short: 20)
            let sessions = try (0..<count).map { _ in try LoopbackSocket.session(via: ports.0, to: echo.port) }
            let isOver = Atomic<Bool>(false)
            let begun = Date()
            let rounds = Atomic<Int>(0)
            let opened = Atomic<Int>(0)
            let talk: @Sendable () throws -> Void = {
                while !isOver.load(ordering: .relaxed) {
                    for session in sessions {
                        try session.write([1, 2, 3])
                        guard try session.read(exactly: 3) == [1, 2, 3] else { throw TestFailure("another answer") }
                    }
                    rounds.wrappingAdd(1, ordering: .relaxed)
                }
            }
            let come: @Sendable () throws -> Void = {
                while !isOver.load(ordering: .relaxed) {
                    let session = try LoopbackSocket.session(via: ports.0, to: echo.port)
                    try session.write([9])
                    guard try session.read(exactly: 1) == [9] else { throw TestFailure("another answer") }
                    opened.wrappingAdd(1, ordering: .relaxed)
                }
            }
            try Background.run(talk) {
                try Background.run(come) {
                    // Whatever happens, the others are to end.
                    defer { isOver.store(true, ordering: .relaxed) }
                    for round in 1...TestSize.number("CAUSEWAY_RELOADS", full: 40, short: 5) {
                        try self.write(exit(round), to: nodes[0].configurationFile)
                        try self.write(client(round), to: nodes[1].configurationFile)
                        for node in nodes {
                            let reloaded = try self.causeway("reload", "-c", node.configurationFile)
                            #expect(reloaded.succeeded, "\(reloaded.errorText)")
                        }
                    }
                }
            }
            #expect(rounds.load(ordering: .relaxed) > 0 && opened.load(ordering: .relaxed) > 0)
            let rate = Double(opened.load(ordering: .relaxed)) / -begun.timeIntervalSinceNow
            print("reloads: \(count) sessions kept, \(Int(rate)) new ones a second, none lost or refused")
            for session in sessions {
                try session.write([7])
                #expect(try session.read(exactly: 1) == [7])
            }
            for node in nodes.reversed() { try node.stop() }
        }
    }
}
