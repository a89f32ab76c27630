import Foundation
import Synchronization
import TestSupport
import Testing

extension EndToEnd {
    /// A new process in the place of a running one: `causeway upgrade`.
    @Suite struct HandOverTests {
        @Test func `sessions live on, new ones go to the new process, and all are billed once, and cut together`()
            throws
        {
            let echo = try LoopbackServer.echo()
            let node = try BilledNode()
            let sessions = try (0..<3).map { number in
                let session = try node.session(to: echo.port)
                try session.exchange(1000 + number)
                try node.lineage.upgrade()
                try session.exchange(500)
                return session
            }
            try node.session(to: echo.port).exchange(7)
            for session in sessions { try session.exchange(30) }
            #expect(try node.used == 2 * (3 * 1530 + 3 + 7))
            #expect(node.lineage.node.process.exitStatus == nil && !node.lineage.isAlone)
            // A quota that is nearly used up is used up by all processes together.
            try node.causeway("user", "set", "alice", "--quota", "\(try node.used + 2000) B")
            for session in sessions { try session.exchange(300) }
            #expect(try node.used == 2 * (3 * 1830 + 3 + 7))
            try sessions[0].write(Array(repeating: 1, count: 400))
            for session in sessions { #expect(session.readToEnd().ending == .reset) }
            #expect(try node.used == 2 * (3 * 1530 + 3 + 7) + 2000)
            // The old processes have nothing left.
            let isAlone = Deadline.wait(20) { node.lineage.isAlone }
            #expect(isAlone, "\(node.lineage.node.log)")
            try node.lineage.stop()
        }

        /// Downloads by the old process and by the new one, up to the last byte of the quota.
        @Test func `a quota that two processes use up at once is used to the byte`() throws {
            let (received, open) = (SharedCount(), SharedCount())
            let source = try LoopbackServer { connection in
                let bytes = BytePattern.slice(at: 0, count: 50_000)
                while (try? connection.write(bytes)) != nil {}
            }
            let node = try BilledNode()
            // At a rate that both processes keep together: little goes until both are there, and the rest in four seconds.
            let quota = 100_000_000
            try node.causeway("user", "set", "alice", "--quota", "\(quota) B", "--rate", "8 Mbit/s")
            func download() throws {
                for _ in 0..<4 {
                    let session = try node.session(to: source.port)
                    open.add(1)
                    Thread.detachNewThread {
                        var buffer = [UInt8](repeating: 0, count: 100_000)
                        while let count = try? buffer.withUnsafeMutableBytes({ try session.read(into: $0) }), count > 0
                        {
                            received.add(count)
                        }
                        open.add(-1)
                    }
                }
            }
            try download()
            try node.lineage.upgrade()
            try download()
            #expect(received.value < quota, "the quota is too small for this test")
            try node.causeway("user", "set", "alice", "--rate", "200 Mbit/s")
            let hasEnded = Deadline.wait(60) { open.value == 0 }
            #expect(hasEnded)
            // What a session had taken and could not deliver is there for the next.
            let deadline = Deadline(seconds: 60)
            while !deadline.hasPassed, let session = try? node.session(to: source.port) {
                received.add(session.readToEnd().bytes.count)
            }
            #expect(try node.used == quota)
            // All of it, but for what a customer does not take in the time that there is for the last bytes.
            #expect(received.value <= quota && received.value > quota / 4, "\(received.value)")
            try node.lineage.stop()
        }

        @Test func `a new process that cannot start changes nothing, and says why`() throws {
            let echo = try LoopbackServer.echo()
            let node = try BilledNode()
            let session = try node.session(to: echo.port)
            let taken = try LoopbackServer.echo()
            let faults = [
                ("listeners:", "listenerz:", "node.yaml: needs \"listeners\""),
                (
                    "listeners: [",
                    "listeners: [{ name: two, type: mixed, address: \"127.0.0.1:\(taken.port)\", exit: out }, ",
                    "listener two cannot listen on 127.0.0.1:\(taken.port): Address already in use"
                ),
                // Found out when the old process has let go of everything.
                ("ledger: { path: ", "ledger: { path: /tmp/../", "which can be changed at a restart only"),
                (", users: true", "", "no listener asks for users any more, which wants a restart"),
            ]
            let original = try node.configuration
            for (index, fault) in faults.enumerated() {
                try node.write(original.replacing(fault.0, with: fault.1))
                let refusal = #expect(throws: TestFailure.self) { try node.lineage.upgrade() }
                #expect(refusal.map { "\($0)".contains(fault.2) } == true, "\(String(describing: refusal))")
                // Not only its sessions are as they were.
                try session.exchange(10)
                try node.session(to: echo.port).exchange(10)
                try node.causeway("user", "add", "user-\(index)")
                #expect(try node.used == 40 * (index + 1))
            }
            try node.write(original)
            try node.lineage.upgrade()
            try session.exchange(10)
            #expect(try node.used == 40 * faults.count + 20)
            try node.lineage.stop()
        }

        @Test func `where all that can count do, a hand-over is refused until one of them has ended`() throws {
            let echo = try LoopbackServer.echo()
            let node = try BilledNode()
            let sessions = try (0..<4).map { number in
                let session = try node.session(to: echo.port)
                if number < 3 { try node.lineage.upgrade() }
                return session
            }
            let refusal = #expect(throws: TestFailure.self) { try node.lineage.upgrade() }
            #expect("\(String(describing: refusal))".contains("4 processes count in it already"))
            for session in sessions { try session.exchange(100) }
            #expect(try node.used == 800)
            sessions[1].close()
            // The process without sessions takes a moment to end, which the next hand-over waits for, if not for ever.
            let isUpgraded = Deadline.wait(30) { (try? node.lineage.upgrade()) != nil }
            #expect(isUpgraded)
            for session in [sessions[0], sessions[2], sessions[3]] { try session.exchange(100) }
            #expect(try node.used == 1400)
            try node.lineage.stop()
        }

        @Test func `sockets that were handed on are closed by a reload and by a drain, as any`() throws {
            let directory = try TemporaryDirectory()
            let ports = [try FreePort.next(), try FreePort.next()]
            func text(_ count: Int) -> String {
                let listeners = ports.prefix(count).map { port in
                    "{ name: in-\(port), type: mixed, address: \"127.0.0.1:\(port)\", exit: out }"
                }
                return """
                    listeners: [\(listeners.joined(separator: ", "))]
                    exits: [{ name: out, type: direct }]
                    admin: { socket: \(directory.file("admin.sock")) }
                    loops: 2

                    """
            }
            let node = Lineage(try Node(text(2), listeningOn: ports))
            let file = node.node.configurationFile
            for _ in 0..<2 { try node.upgrade() }
            try text(1).write(toFile: file, atomically: true, encoding: .utf8)
            let reloaded = try Command.run([Binaries.causeway, "reload", "-c", file])
            #expect(reloaded.succeeded, "\(reloaded.errorText)")
            // Where it stays open, whoever connects waits for ever.
            let isClosed = Deadline.wait(20) { !ProcessStatus.isListening(port: ports[1]) }
            #expect(isClosed && ProcessStatus.isListening(port: ports[0]))
            let waiting = try LoopbackSocket(connectingTo: ports[0])
            kill(node.process, SIGTERM)
            let isDrained = Deadline.wait(20) { !ProcessStatus.isListening(port: ports[0]) }
            #expect(isDrained)
            waiting.close()
            try node.stop()
        }

        @Test func `SIGUSR2 hands over too, and a fault is in the log`() throws {
            let echo = try LoopbackServer.echo()
            let node = try BilledNode()
            let session = try node.session(to: echo.port)
            let original = try node.configuration
            try node.write(original.replacing("listeners:", with: "listenerz:"))
            let first = node.lineage.node
            kill(first.process.pid, SIGUSR2)
            let isTold = Deadline.wait(20) {
                first.log.contains(
                    "not handed over, and nothing is different reason=\"its configuration cannot be run\""
                )
            }
            #expect(isTold, "\(first.log)")
            try session.exchange(10)
            try node.write(original)
            kill(first.process.pid, SIGUSR2)
            let isDone = Deadline.wait(20) { first.log.contains("handed over process=") }
            #expect(isDone, "\(first.log)")
            try session.exchange(10)
            session.close()
            #expect(try first.process.waitForExit(within: 20) == .exited(0))
            // Whatever is asked now is asked of the new process.
            try node.lineage.upgrade()
            #expect(try node.used == 40)
            // The second process is known by nobody else: its end is that of the third.
            try node.lineage.stop()
        }

        /// Sessions that come and talk all the time while client and exit hand over again and again. Those that are
        /// there at a hand-over go on for two more; none is lost, and nobody is refused.
        @Test func `nobody notices a hand-over`() throws {
            TestSize.allowManyDescriptors()
            let directory = try TemporaryDirectory()
            let ports = (try FreePort.next(), try FreePort.next())
            let (serverKey, userKey) = (Credentials.key(.aes128), Credentials.key(.aes128))
            let exit = """
                listeners:
                  - { name: public, type: tunnel, address: "127.0.0.1:\(ports.1)", key: "\(serverKey)", users: true,
                      exit: out }
                exits: [{ name: out, type: direct, allow: [127.0.0.0/8] }]
                users: [{ name: alice, key: "\(userKey)", quota: 100 GB }]
                ledger: { path: \(directory.file("ledger")) }
                admin: { socket: \(directory.file("exit.sock")) }
                loops: 2

                """
            let client = """
                listeners: [{ name: local, type: mixed, address: "127.0.0.1:\(ports.0)", exit: abroad }]
                exits:
                  - { name: abroad, type: tunnel, server: "127.0.0.1:\(ports.1)", keys: "\(serverKey):\(userKey)",
                      warm: 2 }
                admin: { socket: \(directory.file("client.sock")) }
                loops: 2

                """
            let nodes = [
                Lineage(try Node(exit, listeningOn: [ports.1])), Lineage(try Node(client, listeningOn: [ports.0])),
            ]
            let echo = try LoopbackServer.echo()
            let isOver = Atomic<Bool>(false)
            let opened = Atomic<Int>(0)
            let come: @Sendable () throws -> Void = {
                while !isOver.load(ordering: .relaxed) {
                    let session = try LoopbackSocket.session(via: ports.0, to: echo.port)
                    try session.exchange(9)
                    opened.wrappingAdd(1, ordering: .relaxed)
                }
            }
            let count = TestSize.number("CAUSEWAY_SESSIONS", full: 50, short: 5)
            let begun = Date()
            var moved = 0
            try Background.run(come) {
                defer { isOver.store(true, ordering: .relaxed) }
                var generations: [[LoopbackSocket]] = []
                for _ in 0..<TestSize.choose(full: 20, short: 3) {
                    generations.append(
                        try (0..<count).map { _ in try LoopbackSocket.session(via: ports.0, to: echo.port) }
                    )
                    for node in nodes { try node.upgrade() }
                    for session in generations.joined() {
                        try session.exchange(1000)
                        moved += 2000
                    }
                    if generations.count == 2 {
                        for session in generations.removeFirst() { session.close() }
                    }
                }
            }
            let came = opened.load(ordering: .relaxed)
            #expect(came > 0)
            let rate = Double(came) / -begun.timeIntervalSinceNow
            print("hand-overs: \(2 * count) sessions kept, \(Int(rate)) new ones a second, none lost or refused")
            struct User: Decodable { var used: Int }
            let shown = try Command.run([
                Binaries.causeway, "user", "show", "alice", "--json", "--socket", directory.file("exit.sock"),
            ])
            let used = try JSONDecoder().decode(User.self, from: Data(shown.output)).used
            #expect(used == moved + came * 18)
            for node in nodes.reversed() { try node.stop() }
        }

        @Test func `kill -9 of the new process ends the old one, and nothing that either has counted is lost`() throws {
            let echo = try LoopbackServer.echo()
            let node = try BilledNode()
            let old = try node.session(to: echo.port)
            try old.exchange(100)
            try node.lineage.upgrade()
            let new = try node.session(to: echo.port)
            try new.exchange(1000)
            try old.exchange(10)
            kill(node.lineage.process, SIGKILL)
            #expect(try node.lineage.node.process.waitForExit(within: 20) == .exited(0))
            #expect(old.readToEnd().ending != .silence)
            try node.restart()
            #expect(try node.used == 2 * 1110)
            try node.lineage.stop()
        }

        @Test func `what was recorded before is refused by the new process`() throws {
            let directory = try TemporaryDirectory()
            let (port, clientPort) = (try FreePort.next(), try FreePort.next())
            let key = Credentials.key(.aes128)
            let exit = Lineage(
                try Node(
                    """
                    listeners:
                      - { name: public, type: tunnel, address: "127.0.0.1:\(port)", key: "\(key)", exit: out }
                    exits: [{ name: out, type: direct, allow: [127.0.0.0/8] }]
                    admin: { socket: \(directory.file("admin.sock")) }

                    """,
                    listeningOn: [port]
                )
            )
            let relay = try RecordingRelay(to: port)
            let client = try Node(
                """
                listeners: [{ name: local, type: mixed, address: "127.0.0.1:\(clientPort)", exit: abroad }]
                exits: [{ name: abroad, type: tunnel, server: "127.0.0.1:\(relay.port)", keys: "\(key)" }]

                """,
                listeningOn: [clientPort]
            )
            let target = try LoopbackServer.echo()
            for round in 1...3 {
                let session = try LoopbackSocket.session(via: clientPort, to: target.port)
                try session.exchange(10)
                #expect(target.acceptedCount == 2 * round - 1)
                // Begun with the old process, and asked of it when there is a new one.
                let early = try LoopbackSocket(connectingTo: port)
                try exit.upgrade()
                for recorded in relay.sent {
                    let replay = try LoopbackSocket(connectingTo: port)
                    try replay.write(recorded)
                    replay.finishWriting()
                    #expect(replay.readToEnd().bytes.isEmpty)
                }
                let later = try LoopbackSocket.session(via: clientPort, to: target.port)
                try later.exchange(1)
                try early.write(try #require(relay.sent.last))
                early.finishWriting()
                #expect(early.readToEnd().bytes.isEmpty)
                #expect(target.acceptedCount == 2 * round)
                later.close()
                session.close()
            }
            try client.stop()
            try exit.stop()
        }
    }
}

/// A number that several threads add to.
private final class SharedCount: Sendable {
    private let count = Atomic<Int>(0)

    var value: Int { self.count.load(ordering: .relaxed) }
    func add(_ number: Int) { self.count.wrappingAdd(number, ordering: .relaxed) }
}

/// A node with a user whose bytes are billed, and the processes that are it one after another.
private final class BilledNode {
    private(set) var lineage: Lineage
    private let users: UserNode

    init() throws {
        self.users = try UserNode()
        self.lineage = Lineage(self.users.node)
        try self.users.add("alice", "")
    }

    /// After its end, a new process on the same ledger.
    func restart() throws {
        try self.users.restart()
        self.lineage = Lineage(self.users.node)
    }

    func causeway(_ arguments: String...) throws {
        try self.users.causeway(arguments)
    }

    /// Writes another configuration than the one that the first process had, for the next process.
    func write(_ text: String) throws {
        try text.write(toFile: self.users.node.configurationFile, atomically: true, encoding: .utf8)
    }

    var configuration: String {
        get throws { try String(contentsOfFile: self.users.node.configurationFile, encoding: .utf8) }
    }

    /// What is billed, in both directions.
    var used: Int { get throws { try self.users.user("alice").used } }

    func session(to port: UInt16) throws -> LoopbackSocket {
        guard let session = try self.users.session("alice", to: port) else { throw TestFailure("alice is refused") }
        return session
    }
}

extension LoopbackSocket {
    /// Sends bytes to an echo and reads them back.
    fileprivate func exchange(_ count: Int) throws {
        let bytes = BytePattern.slice(at: 0, count: count)
        try self.write(bytes)
        #expect(try self.read(exactly: count) == bytes)
    }
}
