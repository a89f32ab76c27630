import Synchronization
import TestSupport
import Testing

extension EndToEnd {
    /// A group of three exits in the built binary, one of which is killed.
    @Suite struct FailoverTests {
        private static func world(isBlind: Bool, policy: String) throws -> EntryWorld {
            try EntryWorld(
                isBlind: isBlind,
                to: .multiUser(.aes128),
                exits: 3,
                group: ", policy: \(policy), check: off"
            )
        }

        private static func echoes(_ session: LoopbackSocket, _ bytes: [UInt8]) -> Bool {
            guard (try? session.write(bytes)) != nil else { return false }
            return (try? session.read(exactly: bytes.count)) == bytes
        }

        @Test(arguments: [true, false])
        func `when an exit is killed, its sessions' successors all succeed and the others' go on`(isBlind: Bool) throws
        {
            let count = TestSize.choose(full: 1_000, short: 90)
            let echo = try LoopbackServer.echo()
            let world = try Self.world(isBlind: isBlind, policy: "round-robin")
            let sessions = try (0..<count).map { _ in try world.session(to: echo) }
            for session in sessions { #expect(Self.echoes(session, [1, 2, 3])) }
            let before = try EntryStatus(of: world.socket)
            let onFirst = before.exit("e0")?.sessions ?? 0
            #expect(onFirst >= count / 4 && onFirst <= count / 2)
            world.exits[0].process.kill()
            // Each one that is lost is opened again, as its application would.
            var lost = 0
            for session in sessions where !Self.echoes(session, [4, 5, 6]) {
                lost += 1
                #expect(Self.echoes(try world.session(to: echo), [7, 8, 9]))
            }
            #expect(lost == onFirst)
            #expect(try EntryStatus(of: world.socket).state(of: "e0") == "down")
            for node in [world.client, world.entry, world.exits[1], world.exits[2]] { try node.stop() }
        }

        @Test func `with every exit dead the customer hears of it at once`() throws {
            let echo = try LoopbackServer.echo()
            let world = try Self.world(isBlind: true, policy: "failover")
            #expect(Self.echoes(try world.session(to: echo), [1]))
            for exit in world.exits { exit.process.kill() }
            for _ in 0..<10 {
                let session = try world.session(to: echo)
                try session.write([1])
                #expect(session.read() == .reset)
            }
            for node in [world.client, world.entry] { try node.stop() }
        }

        @Test func `probe shows every hop, and fails where one is dead`() throws {
            let page = try HTTPOrigin(body: [1, 2, 3])
            let world = try Self.world(isBlind: true, policy: "failover")
            let file = world.client.configurationFile
            let arguments = [
                Binaries.causeway, "probe", "-c", file, "--url", "http://127.0.0.1:\(page.port)/", "--timeout", "5",
            ]
            let good = try Command.run(arguments)
            #expect(good.succeeded, "\(good.outputText)\(good.errorText)")
            for hop in ["next hop", "far end", "target"] { #expect(good.outputText.contains(hop)) }
            for exit in world.exits { exit.process.kill() }
            let bad = try Command.run(arguments)
            #expect(bad.status == .exited(1), "\(bad.outputText)\(bad.errorText)")
            try world.entry.stop()
            let dead = try Command.run(arguments)
            #expect(dead.status == .exited(1))
            #expect(dead.outputText.contains("refused"), "\(dead.outputText)")
            try world.client.stop()
        }
    }
}
