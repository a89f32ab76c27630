import CausewayCore
import CausewayCrypto
import TestSupport
import Testing

@testable import CausewayNode

/// A blind relay: what it takes out, what it leaves as it is, whom it refuses.
@Suite(.serialized) struct RelayListenerTests {
    private static let keys = [LocalRelay.key(0x11), LocalRelay.key(0x33), LocalRelay.key(0x55)]

    /// Keeps all that its connections say until they end, and the last of them open.
    private static func sink(_ received: Received) throws -> LoopbackServer {
        try LoopbackServer { connection in
            while case .bytes(let bytes) = connection.read() { received.append(bytes) }
        }
    }

    @Test func `takes its header out and sends all else on as it came, however it is cut`() throws {
        let received = Received()
        let next = try Self.sink(received)
        let port = try FreePort.next()
        let node = try LocalNode(LocalRelay.relay(port: port, server: "127.0.0.1:\(next.port)"))
        var random = SeededGenerator(seed: 4)
        let rest = random.bytes(200)
        var expected: [UInt8] = []
        for (seed, cut) in [0, 1, 15, 16, 31, 32, 33, 47, 48, 58, 59, 60, 90, 100].enumerated() {
            let (wire, salt) = try LocalRelay.identity(seed: UInt64(seed), keys: [Self.keys[0], Self.keys[1]])
            let socket = try LoopbackSocket(connectingTo: port)
            try socket.write(Array((wire + rest)[..<cut]))
            if cut > 0 { #expect(Deadline.wait(20) { node.traffic(of: "in").live == 1 }) }
            try socket.write(Array((wire + rest)[cut...]))
            expected += salt + rest
            #expect(Deadline.wait(20) { received.count == expected.count })
            socket.close()
            #expect(Deadline.wait(20) { node.sessionCount == 0 })
        }
        let isSame = received.bytes == expected
        #expect(isSame)
        #expect(node.hasSettled)
    }

    @Test func `a first unit goes on in one piece, and a short one after a while`() throws {
        let first = Received()
        let next = try LoopbackServer { connection in
            if case .bytes(let bytes) = connection.read() { first.append(bytes) }
            while case .bytes = connection.read() {}
        }
        let port = try FreePort.next()
        let node = try LocalNode(LocalRelay.relay(port: port, server: "127.0.0.1:\(next.port)"))
        let (wire, salt) = try LocalRelay.identity(seed: 1, keys: [Self.keys[0], Self.keys[1]])
        let socket = try LoopbackSocket(connectingTo: port)
        try socket.write(wire + [1, 2, 3])
        // Too short to be a first unit: it is waited for, and then sent all the same.
        #expect(Deadline.wait(20) { first.bytes == salt + [1, 2, 3] })
        withExtendedLifetime(node) {}
    }

    @Test func `bytes pass both ways, far beyond what is copied, and ends one by one`() throws {
        var random = SeededGenerator(seed: 9)
        let body = random.bytes(3 << 20)
        let answer = random.bytes(2 << 20)
        let received = Received()
        let next = try LoopbackServer { connection in
            while case .bytes(let bytes) = connection.read() { received.append(bytes) }
            try connection.write(answer)
            connection.finishWriting()
        }
        let port = try FreePort.next()
        let node = try LocalNode(LocalRelay.relay(port: port, server: "127.0.0.1:\(next.port)"))
        let (wire, salt) = try LocalRelay.identity(seed: 7, keys: [Self.keys[0], Self.keys[1]])
        let socket = try LoopbackSocket(connectingTo: port)
        try socket.write(wire + body)
        socket.finishWriting()
        let (bytes, ending) = socket.readToEnd()
        let isSame = bytes == answer && received.bytes == salt + body
        #expect(isSame && ending == .end)
        #expect(node.hasSettled)
        let traffic = node.traffic(of: "in")
        #expect(traffic.up == UInt64(salt.count + body.count))
        #expect(traffic.down == UInt64(answer.count))
        #expect(node.exitTraffic(of: "out").up == traffic.up)
    }

    @Test func `a salt is good for one session, and only of those who are known`() throws {
        let received = Received()
        let next = try Self.sink(received)
        let port = try FreePort.next()
        let text = LocalRelay.relay(port: port, server: "127.0.0.1:\(next.port)", users: true, reject: "reset")
        let node = try LocalNode(text)
        let good = [Self.keys[0], LocalRelay.key(0x22), Self.keys[1], Self.keys[2]]
        let wrong = [
            [LocalRelay.key(0x12), LocalRelay.key(0x22), Self.keys[1]],
            [Self.keys[0], LocalRelay.key(0x23), Self.keys[1]],
            [Self.keys[0], LocalRelay.key(0x22), LocalRelay.key(0x34)],
        ]
        for keys in wrong {
            let (wire, _) = try LocalRelay.identity(seed: 5, keys: keys)
            let socket = try LoopbackSocket(connectingTo: port)
            try socket.write(wire + [UInt8](repeating: 0, count: 80))
            #expect(socket.readToEnd().bytes == [])
        }
        let (wire, _) = try LocalRelay.identity(seed: 5, keys: good)
        let first = try LoopbackSocket(connectingTo: port)
        try first.write(wire + [UInt8](repeating: 7, count: 80))
        #expect(Deadline.wait(20) { received.count == 16 + 16 + 80 })
        let second = try LoopbackSocket(connectingTo: port)
        try second.write(wire + [UInt8](repeating: 7, count: 80))
        #expect(second.readToEnd().bytes == [])
        #expect(received.count == 16 + 16 + 80)
        #expect(node.traffic(of: "in").failed == 4)
    }

    @Test(arguments: [false, true])
    func `a chain of client, relay and exit works, with users and without`(users: Bool) throws {
        let echo = try LoopbackServer.echo()
        let ports = (try FreePort.next(), try FreePort.next(), try FreePort.next())
        let exit = try LocalNode(LocalRelay.exit(port: ports.2))
        let relay = try LocalNode(LocalRelay.relay(port: ports.1, server: "127.0.0.1:\(ports.2)", users: users))
        let keys = "\(LocalRelay.relayKey):\(users ? "\(LocalRelay.accessKey):" : "")\(LocalRelay.exitKey)"
        let client = try LocalNode(LocalRelay.client(port: ports.0, server: ports.1, keys: keys))
        for round in 0..<20 {
            let dial = try SOCKSDial(proxy: ports.0, port: echo.port)
            #expect(dial.reply == 0)
            var random = SeededGenerator(seed: UInt64(round))
            let bytes = random.bytes(1 + round * 5_000)
            try dial.socket.write(bytes)
            let isSame = try dial.socket.read(exactly: bytes.count) == bytes
            #expect(isSame)
            dial.socket.finishWriting()
            #expect(dial.socket.read() == .end)
        }
        #expect(client.hasSettled && relay.hasSettled && exit.hasSettled)
        #expect(relay.traffic(of: "in").begun == 20)
    }

    @Test func `a server that speaks first is heard before the client says a word`() throws {
        let greeting = try LoopbackServer { connection in
            try connection.write(Array("hello".utf8))
            _ = connection.read()
        }
        let ports = (try FreePort.next(), try FreePort.next(), try FreePort.next())
        let exit = try LocalNode(LocalRelay.exit(port: ports.2))
        let relay = try LocalNode(LocalRelay.relay(port: ports.1, server: "127.0.0.1:\(ports.2)"))
        let keys = "\(LocalRelay.relayKey):\(LocalRelay.exitKey)"
        let client = try LocalNode(LocalRelay.client(port: ports.0, server: ports.1, keys: keys))
        let dial = try SOCKSDial(proxy: ports.0, port: greeting.port)
        #expect(try dial.socket.read(exactly: 5) == Array("hello".utf8))
        withExtendedLifetime((exit, relay, client)) {}
    }

    @Test func `a reset passes as one, in both directions`() throws {
        let target = try LoopbackServer { connection in
            if case .bytes(let bytes) = connection.read(), bytes.first == 1 { return connection.reset() }
            _ = connection.read()
            throw TestFailure("\(connection.read())")
        }
        let port = try FreePort.next()
        let node = try LocalNode(LocalRelay.relay(port: port, server: "127.0.0.1:\(target.port)"))
        let (wire, _) = try LocalRelay.identity(seed: 11, keys: [Self.keys[0], Self.keys[1]])
        let socket = try LoopbackSocket(connectingTo: port)
        // The first byte that the target sees is the salt's.
        try socket.write(wire + [UInt8](repeating: 1, count: 80))
        try socket.write([1])
        socket.reset()
        #expect(Deadline.wait(20) { target.failures.count == 1 || target.openCount == 0 })
        #expect(node.hasSettled)
    }

    /// With warm sockets, and with a second exit to turn to.
    @Test(arguments: [", warm: 2", ""])
    func `a target's refusal is passed on at once, and nobody is asked twice`(warm: String) throws {
        let ports = (try FreePort.next(), try FreePort.next(), try FreePort.next())
        let refusing = try FreePort.next()
        let exits = (try LocalNode(LocalRelay.exit(port: ports.1)), try LocalNode(LocalRelay.exit(port: ports.2)))
        let port = try FreePort.next()
        let relay = try LocalNode(
            """
            listeners:
              - { name: in, type: relay, address: "127.0.0.1:\(port)", key: "\(LocalRelay.relayKey)",
                  next: [{ key: "\(LocalRelay.exitKey)", exit: all }] }
            exits:
              - { name: e0, type: tunnel, server: "127.0.0.1:\(ports.1)"\(warm) }
              - { name: e1, type: tunnel, server: "127.0.0.1:\(ports.2)"\(warm) }
              - { name: all, type: group, members: [e0, e1], check: off }
            loops: 1
            """
        )
        let keys = "\(LocalRelay.relayKey):\(LocalRelay.exitKey)"
        let client = try LocalNode(LocalRelay.client(port: ports.0, server: port, keys: keys))
        if !warm.isEmpty { #expect(Deadline.wait(20) { relay.warmth(of: "e0").ready > 0 }) }
        let mute = try LoopbackServer { connection in _ = connection.read() }
        for _ in 0..<5 {
            let refused = try SOCKSDial(proxy: ports.0, port: refusing)
            refused.socket.setPatience(seconds: 20)
            try refused.socket.write([1])
            #expect(refused.socket.read() == .reset)
            // A target that closes without a word has been heard, and is not called again.
            let ended = try SOCKSDial(proxy: ports.0, port: mute.port)
            ended.socket.setPatience(seconds: 20)
            try ended.socket.write([1])
            #expect(ended.socket.read() == .end)
        }
        #expect(mute.acceptedCount == 5)
        #expect(relay.member("e0")?.present.failures == 0)
        #expect(relay.exitTraffic(of: "e1").begun == 0)
        #expect(client.hasSettled)
        #expect(relay.hasSettled)
        withExtendedLifetime(exits) {}
    }

    @Test func `an exit that is gone before it answers is replaced by another`() throws {
        let echo = try LoopbackServer.echo()
        let ports = (try FreePort.next(), try FreePort.next(), try FreePort.next())
        let good = try LocalNode(LocalRelay.exit(port: ports.2))
        // Takes a request and dies with all that it has, its port included.
        let doomed = DoomedServer()
        try doomed.start()
        let relay = try LocalNode(
            """
            listeners:
              - { name: in, type: relay, address: "127.0.0.1:\(ports.1)", key: "\(LocalRelay.relayKey)",
                  next: [{ key: "\(LocalRelay.exitKey)", exit: all }] }
            exits:
              - { name: e0, type: tunnel, server: "127.0.0.1:\(doomed.port)" }
              - { name: e1, type: tunnel, server: "127.0.0.1:\(ports.2)" }
              - { name: all, type: group, members: [e0, e1], check: off }
            loops: 1
            """
        )
        let keys = "\(LocalRelay.relayKey):\(LocalRelay.exitKey)"
        let client = try LocalNode(LocalRelay.client(port: ports.0, server: ports.1, keys: keys))
        for _ in 0..<4 {
            let dial = try SOCKSDial(proxy: ports.0, port: echo.port)
            try dial.socket.write([1, 2, 3])
            #expect(try dial.socket.read(exactly: 3) == [1, 2, 3])
        }
        #expect(relay.exitTraffic(of: "e0").begun >= 1)
        #expect(relay.exitTraffic(of: "e1").begun == 4)
        withExtendedLifetime((good, client)) {}
    }

    @Test func `a next hop that is not there is a reset at once`() throws {
        let port = try FreePort.next()
        let nobody = try FreePort.next()
        let node = try LocalNode(LocalRelay.relay(port: port, server: "127.0.0.1:\(nobody)"))
        let (wire, _) = try LocalRelay.identity(seed: 12, keys: [Self.keys[0], Self.keys[1]])
        let socket = try LoopbackSocket(connectingTo: port)
        try socket.write(wire + [UInt8](repeating: 1, count: 80))
        #expect(socket.read() == .reset)
        #expect(node.hasSettled)
        #expect(node.exitTraffic(of: "out").failed == 1)
    }
}
