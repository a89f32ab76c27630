import CausewayCore
import TestSupport
import Testing

@testable import CausewayNode

/// Groups of exits: who is chosen, what happens when one fails, and that a session is moved only while nothing was
/// answered.
@Suite(.serialized) struct GroupTests {
    /// A proxy whose exit is a group of tunnels to `servers`, named `e0`, `e1`, ….
    private static func entry(port: UInt16, servers: [UInt16], group: String = "", exit: String = "") -> String {
        let exits = servers.enumerated().map { index, server in
            "  - { name: e\(index), type: tunnel, server: \"127.0.0.1:\(server)\", keys: \"\(LocalRelay.exitKey)\"\(exit) }"
        }
        let members = servers.indices.map { "e\($0)" }.joined(separator: ", ")
        return """
            listeners: [{ name: in, type: mixed, address: "127.0.0.1:\(port)", exit: all }]
            exits:
            \(exits.joined(separator: "\n"))
              - { name: all, type: group, members: [\(members)]\(group) }
            loops: 1

            """
    }

    private static let unchecked = ", check: off"

    private func echoes(_ dial: SOCKSDial, _ bytes: [UInt8] = [1, 2, 3]) throws -> Bool {
        guard dial.reply == 0 else { return false }
        try dial.socket.write(bytes)
        return try dial.socket.read(exactly: bytes.count) == bytes
    }

    @Test func `a member that refuses costs nothing but the attempt, and is left alone after a while`() throws {
        let echo = try LoopbackServer.echo()
        let (port, good, nobody) = (try FreePort.next(), try FreePort.next(), try FreePort.next())
        let exit = try LocalNode(LocalRelay.exit(port: good))
        let node = try LocalNode(Self.entry(port: port, servers: [nobody, good], group: Self.unchecked))
        for _ in 0..<10 { #expect(try self.echoes(SOCKSDial(proxy: port, port: echo.port))) }
        #expect(node.member("e0")?.present.state == .down)
        #expect(node.member("e1")?.present.state == .up)
        // Three failures took it down; nobody has asked it since.
        #expect(node.exitTraffic(of: "e0").failed == 3)
        #expect(node.exitTraffic(of: "e1").begun == 10)
        #expect(node.hasSettled)
        withExtendedLifetime(exit) {}
    }

    @Test func `an exit that dies before it answers loses no session`() throws {
        let echo = try LoopbackServer.echo()
        // Takes the request, says nothing, and breaks.
        let broken = try LoopbackServer { connection in
            _ = connection.read()
            connection.reset()
        }
        let (port, good) = (try FreePort.next(), try FreePort.next())
        let exit = try LocalNode(LocalRelay.exit(port: good))
        let node = try LocalNode(Self.entry(port: port, servers: [broken.port, good], group: Self.unchecked))
        var random = SeededGenerator(seed: 1)
        for count in [1, 100, 16_384, 60_000] {
            #expect(try self.echoes(SOCKSDial(proxy: port, port: echo.port), random.bytes(count)))
        }
        #expect(broken.acceptedCount == 4)
        #expect(node.hasSettled && exit.hasSettled)
        // What was sent twice is counted once.
        #expect(node.traffic(of: "in").up == 76_485)
    }

    @Test func `an answer that is none is another's turn`() throws {
        let echo = try LoopbackServer.echo()
        let liar = try LoopbackServer { connection in
            _ = connection.read()
            try connection.write([UInt8](repeating: 0x41, count: 500))
            while case .bytes = connection.read() {}
        }
        let (port, good) = (try FreePort.next(), try FreePort.next())
        let exit = try LocalNode(LocalRelay.exit(port: good))
        let node = try LocalNode(Self.entry(port: port, servers: [liar.port, good], group: Self.unchecked))
        for _ in 0..<4 { #expect(try self.echoes(SOCKSDial(proxy: port, port: echo.port))) }
        #expect(node.member("e0")?.present.state == .down)
        #expect(node.member("e0")?.present.lastFailure?.contains("no answer") == true)
        withExtendedLifetime(exit) {}
    }

    @Test func `a request that changes something is not made twice`() throws {
        let requests = Received()
        let target = try LoopbackServer { connection in
            if case .bytes(let bytes) = connection.read() { requests.append(bytes) }
            connection.reset()
        }
        let ports = (try FreePort.next(), try FreePort.next(), try FreePort.next())
        let first = try LocalNode(LocalRelay.exit(port: ports.1))
        let second = try LocalNode(LocalRelay.exit(port: ports.2))
        let node = try LocalNode(Self.entry(port: ports.0, servers: [ports.1, ports.2], group: Self.unchecked))
        let post = Array("POST /pay HTTP/1.1\r\n\r\n".utf8)
        let dial = try SOCKSDial(proxy: ports.0, port: target.port)
        try dial.socket.write(post)
        #expect(dial.socket.read() == .reset)
        #expect(requests.bytes == post)
        let again = try SOCKSDial(proxy: ports.0, port: target.port)
        try again.socket.write(Array("GET / HTTP/1.1\r\n\r\n".utf8))
        #expect(again.socket.read() == .reset)
        #expect(target.acceptedCount == 3)
        withExtendedLifetime((first, second, node)) {}
    }

    @Test func `what was answered stays where it is`() throws {
        let broken = Gate()
        let once = try LoopbackServer { connection in
            _ = connection.read()
            try connection.write([9])
            broken.wait()
            connection.reset()
        }
        let ports = (try FreePort.next(), try FreePort.next(), try FreePort.next())
        let first = try LocalNode(LocalRelay.exit(port: ports.1))
        let second = try LocalNode(LocalRelay.exit(port: ports.2))
        let node = try LocalNode(Self.entry(port: ports.0, servers: [ports.1, ports.2], group: Self.unchecked))
        let dial = try SOCKSDial(proxy: ports.0, port: once.port)
        try dial.socket.write([1])
        #expect(try dial.socket.read(exactly: 1) == [9])
        broken.open()
        #expect(dial.socket.read() == .reset)
        #expect(once.acceptedCount == 1)
        #expect(node.exitTraffic(of: "e1").begun == 0)
        withExtendedLifetime((first, second, node)) {}
    }

    @Test func `an end without a word is passed on, with one member and with two`() throws {
        let mute = try LoopbackServer { connection in _ = connection.read() }
        let ports = (try FreePort.next(), try FreePort.next())
        let exits = (try LocalNode(LocalRelay.exit(port: ports.0)), try LocalNode(LocalRelay.exit(port: ports.1)))
        for servers in [[ports.0], [ports.0, ports.1]] {
            let port = try FreePort.next()
            let node = try LocalNode(Self.entry(port: port, servers: servers, group: Self.unchecked))
            let before = mute.acceptedCount
            let dial = try SOCKSDial(proxy: port, port: mute.port)
            dial.socket.setPatience(seconds: 20)
            try dial.socket.write([1])
            #expect(dial.socket.read() == .end)
            dial.socket.close()
            #expect(node.hasSettled)
            #expect(mute.acceptedCount == before + 1)
            #expect(node.traffic(of: "in").up == 1)
        }
        withExtendedLifetime(exits) {}
    }

    @Test func `with all members down the customer is told at once`() throws {
        let (port, a, b) = (try FreePort.next(), try FreePort.next(), try FreePort.next())
        let node = try LocalNode(Self.entry(port: port, servers: [a, b], group: Self.unchecked))
        // By the protocol's own error: connection refused while they are tried, general failure once they are down.
        for _ in 0..<5 { #expect(try [1, 5].contains(SOCKSDial(proxy: port, port: 9).reply)) }
        #expect(try SOCKSDial(proxy: port, port: 9).reply == 1)
        #expect(node.hasSettled)
    }

    @Test func `a member whose target refuses is not to blame`() throws {
        let nobody = try FreePort.next()
        let ports = (try FreePort.next(), try FreePort.next())
        let exit = try LocalNode(LocalRelay.exit(port: ports.1))
        let node = try LocalNode(Self.entry(port: ports.0, servers: [ports.1], group: Self.unchecked))
        for _ in 0..<6 {
            let dial = try SOCKSDial(proxy: ports.0, port: nobody)
            try dial.socket.write([1])
            #expect(dial.socket.read() == .reset)
        }
        #expect(node.member("e0")?.present.state != .down)
        withExtendedLifetime(exit) {}
    }

    @Test func `round-robin spreads, and hash keeps`() throws {
        let echo = try LoopbackServer.echo()
        let ports = (try FreePort.next(), try FreePort.next(), try FreePort.next())
        let first = try LocalNode(LocalRelay.exit(port: ports.1))
        let second = try LocalNode(LocalRelay.exit(port: ports.2))
        for (policy, expected) in [("round-robin", [4, 4]), ("hash", [0, 8])] {
            let port = try FreePort.next()
            let group = ", check: off, policy: \(policy)"
            let node = try LocalNode(Self.entry(port: port, servers: [ports.1, ports.2], group: group))
            for _ in 0..<8 { #expect(try self.echoes(SOCKSDial(proxy: port, port: echo.port))) }
            let begun = [node.exitTraffic(of: "e0").begun, node.exitTraffic(of: "e1").begun].map { Int($0) }
            #expect(begun.sorted() == expected)
        }
        withExtendedLifetime((first, second)) {}
    }

    // MARK: - Checks

    private static func page() throws -> LoopbackServer {
        try LoopbackServer { connection in
            guard case .bytes(let bytes) = connection.read(), bytes.starts(with: Array("GET /ok HTTP/1.1\r\n".utf8))
            else { return }
            try connection.write(Array("HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n".utf8))
        }
    }

    @Test func `checks find out who works, and bring back who works again`() throws {
        let page = try Self.page()
        let (port, first, second) = (try FreePort.next(), try FreePort.next(), try FreePort.next())
        let check =
            ", check: { url: \"http://127.0.0.1:\(page.port)/ok\", interval: 100 ms, timeout: 2 s, rise: 2, fall: 2 }"
        let exit = try LocalNode(LocalRelay.exit(port: second))
        let node = try LocalNode(Self.entry(port: port, servers: [first, second], group: check))
        #expect(Deadline.wait(20) { node.member("e0")?.present.state == .down })
        #expect(Deadline.wait(20) { node.member("e1")?.present.state == .up })
        #expect(node.member("e1")?.present.latency != nil)
        #expect(node.exitTraffic(of: "e1").begun == 0)
        // Nobody is asked that is known to be down.
        let echo = try LoopbackServer.echo()
        #expect(try self.echoes(SOCKSDial(proxy: port, port: echo.port)))
        #expect(node.exitTraffic(of: "e0").begun == 0)
        let late = try LocalNode(LocalRelay.exit(port: first))
        #expect(Deadline.wait(20) { node.member("e0")?.present.state == .up })
        #expect(try self.echoes(SOCKSDial(proxy: port, port: echo.port)))
        #expect(node.exitTraffic(of: "e0").begun == 1)
        withExtendedLifetime((exit, late)) {}
    }

    @Test func `a check knows a web server from an error, an error from silence, and silence from garbage`() throws {
        let gate = Gate()
        let answers: [(String, @Sendable (LoopbackSocket) throws -> Void)] = [
            ("status 500", { try $0.write(Array("HTTP/1.1 500 No\r\n\r\n".utf8)) }),
            ("no web server", { try $0.write(Array("SSH-2.0-x\r\n".utf8)) }),
            ("closed without an answer", { _ in }),
            ("no answer in time", { _ in gate.wait() }),
        ]
        for (reason, answer) in answers {
            let target = try LoopbackServer { connection in
                _ = connection.read()
                try answer(connection)
            }
            let (port, server) = (try FreePort.next(), try FreePort.next())
            let exit = try LocalNode(LocalRelay.exit(port: server))
            let timeout = reason == "no answer in time" ? "200 ms" : "20 s"
            let check =
                ", check: { url: \"http://127.0.0.1:\(target.port)/\", interval: 50 ms, timeout: \(timeout), fall: 1 }"
            let node = try LocalNode(Self.entry(port: port, servers: [server], group: check))
            #expect(Deadline.wait(20) { node.member("e0")?.present.state == .down })
            let found = node.member("e0")?.present.lastFailure ?? ""
            #expect(found.contains(reason), "\(found)")
            withExtendedLifetime(exit) {}
        }
        gate.open()
    }

    @Test func `a session at an exit that accepts and never answers moves on when a check has found it out`() throws {
        let echo = try LoopbackServer.echo()
        let gate = Gate()
        let silent = try LoopbackServer { _ in gate.wait() }
        let (port, good) = (try FreePort.next(), try FreePort.next())
        let exit = try LocalNode(LocalRelay.exit(port: good))
        let page = try Self.page()
        let check =
            ", check: { url: \"http://127.0.0.1:\(page.port)/ok\", interval: 1 s, timeout: 5 s, rise: 1, fall: 1 }"
        let node = try LocalNode(Self.entry(port: port, servers: [silent.port, good], group: check))
        // Before the first check is over.
        let dial = try SOCKSDial(proxy: port, port: echo.port)
        dial.socket.setPatience(seconds: 30)
        try dial.socket.write([1, 2, 3])
        #expect(try dial.socket.read(exactly: 3) == [1, 2, 3])
        #expect(node.member("e0")?.present.state == .down)
        #expect(Deadline.wait(20) { node.traffic(of: "in").up == 3 })
        gate.open()
        withExtendedLifetime(exit) {}
    }

    @Test func `an exit that is full is passed over once a check has found it out`() throws {
        let echo = try LoopbackServer.echo()
        let page = try Self.page()
        let ports = (try FreePort.next(), try FreePort.next(), try FreePort.next())
        let full = try LocalNode(LocalRelay.exit(port: ports.1, more: "limits: { sessions: 1 }"))
        let other = try LocalNode(LocalRelay.exit(port: ports.2))
        let check =
            ", check: { url: \"http://127.0.0.1:\(page.port)/ok\", interval: 200 ms, timeout: 2 s, fall: 1 }"
        let node = try LocalNode(Self.entry(port: ports.0, servers: [ports.1, ports.2], group: check))
        let first = try SOCKSDial(proxy: ports.0, port: echo.port)
        first.socket.setPatience(seconds: 30)
        #expect(try self.echoes(first))
        #expect(Deadline.wait(20) { node.member("e0")?.present.state == .down })
        let second = try SOCKSDial(proxy: ports.0, port: echo.port)
        second.socket.setPatience(seconds: 30)
        #expect(try self.echoes(second))
        #expect(try self.echoes(first))
        #expect(other.traffic(of: "public").begun > 0)
        withExtendedLifetime(full) {}
    }

    @Test func `an exit whose name moves is found at its new address`() throws {
        let dns = try DNSServer()
        defer { dns.stop() }
        let echo = try LoopbackServer.echo()
        let (port, server) = (try FreePort.next(), try FreePort.next())
        let text = LocalRelay.exit(port: server)
        let exits = (
            try LocalNode(text), try LocalNode(text.replacing("127.0.0.1:\(server)", with: "127.0.0.2:\(server)"))
        )
        let node = try LocalNode(
            """
            listeners: [{ name: in, type: mixed, address: "127.0.0.1:\(port)", exit: out }]
            exits:
              - { name: out, type: tunnel, server: "moves.example:\(server)", keys: "\(LocalRelay.exitKey)" }
            dns: { servers: ["127.0.0.53:\(dns.port)"], cache: 0 }
            """
        )
        #expect(try self.echoes(SOCKSDial(proxy: port, port: echo.port)))
        let asked = dns.queries("moves.example/A")
        dns.release()
        #expect(try self.echoes(SOCKSDial(proxy: port, port: echo.port)))
        #expect(asked > 0 && dns.queries("moves.example/A") > asked)
        #expect(exits.0.traffic(of: "public").begun == 1)
        #expect(exits.1.traffic(of: "public").begun == 1)
        withExtendedLifetime(node) {}
    }

    // MARK: - Warm sockets

    @Test func `a session takes a socket that is there, and another takes its place`() throws {
        let echo = try LoopbackServer.echo()
        let ports = (try FreePort.next(), try FreePort.next())
        let exit = try LocalNode(LocalRelay.exit(port: ports.1))
        let text = Self.entry(port: ports.0, servers: [ports.1], group: Self.unchecked, exit: ", warm: 4")
        let node = try LocalNode(text)
        for round in 1...10 {
            #expect(Deadline.wait(20) { node.warmth(of: "e0").ready > 0 })
            #expect(try self.echoes(SOCKSDial(proxy: ports.0, port: echo.port)))
            #expect(node.warmth(of: "e0").taken == UInt64(round))
        }
        #expect(node.warmth(of: "e0").missed == 0)
        #expect(node.warmth(of: "e0").ready <= 4)
        withExtendedLifetime(exit) {}
    }

    @Test func `a warm socket that turns out to be dead costs nothing`() throws {
        let echo = try LoopbackServer.echo()
        let (port, good) = (try FreePort.next(), try FreePort.next())
        let exit = try LocalNode(LocalRelay.exit(port: good))
        // The first connection is broken as soon as something comes; the others lead on.
        let front = try FlakyFront(to: good)
        let text = Self.entry(port: port, servers: [front.port], group: Self.unchecked, exit: ", warm: 1")
        let node = try LocalNode(text)
        #expect(Deadline.wait(20) { node.warmth(of: "e0").ready == 1 })
        #expect(try self.echoes(SOCKSDial(proxy: port, port: echo.port)))
        #expect(node.member("e0")?.present.failures == 0)
        withExtendedLifetime((exit, front)) {}
    }

    @Test func `sockets that the next hop closes are replaced, without spinning`() throws {
        let next = try LoopbackServer { connection in connection.close() }
        let port = try FreePort.next()
        let text = Self.entry(port: port, servers: [next.port], group: Self.unchecked, exit: ", warm: 1")
        let node = try LocalNode(text)
        #expect(Deadline.wait(20) { next.acceptedCount >= 2 })
        #expect(next.acceptedCount <= 3)
        withExtendedLifetime(node) {}
    }
}
