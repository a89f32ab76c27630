import CausewayCore
import CausewayCrypto
import Glibc
import TestSupport
import Testing

@testable import CausewayNode

/// What a reload keeps, and what it changes.
@Suite(.serialized) struct ReloadTests {
    private static var clock: UInt64 { UInt64(time(nil)) }

    private static func direct(port: UInt16, _ more: String = "") -> String {
        """
        listeners: [{ name: in, type: mixed, address: "127.0.0.1:\(port)", exit: out\(more) }]
        exits: [{ name: out, type: direct, allow: [127.0.0.0/8] }]
        loops: 2

        """
    }

    private func echoes(_ socket: LoopbackSocket, _ bytes: [UInt8] = [1, 2, 3]) throws -> Bool {
        try socket.write(bytes)
        return try socket.read(exactly: bytes.count) == bytes
    }

    /// A connection to a SOCKS5 proxy that has asked for nothing yet (RFC 1928 section 3).
    private func greeted(_ port: UInt16) throws -> LoopbackSocket {
        let socket = try LoopbackSocket(connectingTo: port)
        try socket.write([5, 1, 0])
        #expect(try socket.read(exactly: 2) == [5, 0])
        return socket
    }

    @Test func `nothing different keeps every object`() throws {
        let port = try FreePort.next()
        let node = try LocalNode(Self.direct(port: port))
        let before = node.node.plan.present
        try node.reload(Self.direct(port: port))
        let after = node.node.plan.present
        #expect(before.listeners[0] === after.listeners[0] && before.exits[0] === after.exits[0])
    }

    @Test func `sessions go on by the old rules, new ones begin by the new, and the counters count on`() throws {
        let echo = try LoopbackServer.echo()
        let port = try FreePort.next()
        let node = try LocalNode(Self.direct(port: port))
        let session = try LoopbackSocket.session(via: port, to: echo.port)
        #expect(try self.echoes(session))
        try node.reload(Self.direct(port: port).replacing("allow: [127.0.0.0/8]", with: "deny: [10.0.0.0/8]"))
        #expect(try self.echoes(session))
        #expect(try SOCKSDial(proxy: port, port: echo.port).reply == 2)
        let isOneLeft = Deadline.wait(20) { node.exitTraffic(of: "out").live == 1 }
        #expect(isOneLeft && node.traffic(of: "in").begun == 2)
        try node.reload(Self.direct(port: port, ", timeouts: { idle: 1 h }"))
        #expect(try self.echoes(try LoopbackSocket.session(via: port, to: echo.port)))
        #expect(try self.echoes(session))
    }

    @Test func `a key that is withdrawn opens nothing, whenever the connection began`() throws {
        let echo = try LoopbackServer.echo()
        let port = try FreePort.next()
        func text(_ key: UInt8) -> String {
            """
            listeners:
              - { name: in, type: tunnel, address: "127.0.0.1:\(port)", key: "\(RawClient.keyText)", users: true, exit: out }
            exits: [{ name: out, type: direct, allow: [127.0.0.0/8] }]
            users: [{ name: alice, key: "\(LocalRelay.text(key))" }]
            loops: 1

            """
        }
        let node = try LocalNode(text(1))
        func client(_ seed: UInt64, _ key: UInt8) throws -> RawClient {
            try RawClient(
                seed: seed,
                identityKeys: [Secret(Array(0x50...0x5f))],
                userKey: LocalRelay.key(key)
            )
        }
        let before = try LoopbackSocket(connectingTo: port)
        let hasBegun = Deadline.wait(20) { node.sessionCount == 1 }
        #expect(hasBegun)
        try node.reload(text(2))
        var old = try client(1, 1)
        try before.write(old.header(port: echo.port, timestamp: Self.clock) + old.chunk([1]))
        #expect(before.read() == .reset)
        // The new key opens what the old one does not.
        var new = try client(2, 2)
        let after = try LoopbackSocket(connectingTo: port)
        try after.write(new.header(port: echo.port, timestamp: Self.clock) + new.chunk([7]))
        #expect(try new.response(from: after, count: 1, clock: Self.clock) == [7])
    }

    @Test func `a handshake that began before leaves by the exit as it is now`() throws {
        let echo = try LoopbackServer.echo()
        let port = try FreePort.next()
        let node = try LocalNode(Self.direct(port: port))
        let sockets = try (0..<2).map { _ in try self.greeted(port) }
        func reply(_ socket: LoopbackSocket) throws -> UInt8 {
            try socket.write([5, 1, 0, 1, 127, 0, 0, 1, UInt8(echo.port >> 8), UInt8(echo.port & 255)])
            return try socket.read(exactly: 10)[1]
        }
        try node.reload(Self.direct(port: port).replacing("allow: [127.0.0.0/8]", with: "deny: [10.0.0.0/8]"))
        #expect(try reply(sockets[0]) == 2)
        try node.reload(Self.direct(port: port).replacing("out", with: "other"))
        #expect(try reply(sockets[1]) == 2)
    }

    @Test func `an association on a connection that began before leaves by the exit as it is now`() throws {
        let echo = try DatagramEcho()
        let port = try FreePort.next()
        let node = try LocalNode(Self.direct(port: port).replacing("allow: [127.0.0.0/8]", with: "deny: [10.0.0.0/8]"))
        let socket = try self.greeted(port)
        try node.reload(Self.direct(port: port))
        let association = try SocksAssociation(on: socket)
        try association.exchange([1, 2, 3], with: echo.port)
    }

    @Test func `an association without an exit any more ends, and none begins`() throws {
        let port = try FreePort.next()
        let node = try LocalNode(Self.direct(port: port))
        let sockets = try (0..<2).map { _ in try self.greeted(port) }
        // It has sent nothing yet, and so has left by no exit.
        let association = try SocksAssociation(on: sockets[0])
        try node.reload(Self.direct(port: port).replacing("out", with: "other"))
        #expect(association.control.read() != .silence)
        try sockets[1].write([5, 3, 0, 1, 0, 0, 0, 0, 0, 0])
        #expect(try sockets[1].read(exactly: 2) == [5, 2])
    }

    @Test func `addresses open and close, and sessions end whose listener or exit is gone`() throws {
        let echo = try LoopbackServer.echo()
        let ports = (try FreePort.next(), try FreePort.next(), try FreePort.next())
        func text(_ listeners: [(name: String, port: UInt16, exit: String)], _ exits: String...) -> String {
            """
            listeners:
            \(listeners.map { "  - { name: \($0.name), type: mixed, address: \"127.0.0.1:\($0.port)\", exit: \($0.exit) }" }
                .joined(separator: "\n"))
            exits:
            \(exits.map { "  - { name: \($0), type: direct, allow: [127.0.0.0/8] }" }.joined(separator: "\n"))
            loops: 2

            """
        }
        let node = try LocalNode(text([("a", ports.0, "x"), ("b", ports.1, "y")], "x", "y"))
        let first = try LoopbackSocket.session(via: ports.0, to: echo.port)
        let second = try LoopbackSocket.session(via: ports.1, to: echo.port)
        // The listener stays and moves, its exit stays; the other's exit goes.
        try node.reload(text([("a", ports.2, "x"), ("b", ports.1, "x")], "x"))
        #expect(try self.echoes(first))
        #expect(second.read() == .reset)
        #expect(try self.echoes(try LoopbackSocket.session(via: ports.2, to: echo.port)))
        #expect(try self.echoes(try LoopbackSocket.session(via: ports.1, to: echo.port)))
        #expect(throws: (any Error).self) { try LoopbackSocket(connectingTo: ports.0) }
        try node.reload(text([("b", ports.1, "x")], "x"))
        #expect(first.read() == .reset)
        #expect(throws: (any Error).self) { try LoopbackSocket(connectingTo: ports.2) }
    }

    @Test func `a fault changes nothing`() throws {
        let echo = try LoopbackServer.echo()
        let port = try FreePort.next()
        let node = try LocalNode(Self.direct(port: port))
        let session = try LoopbackSocket.session(via: port, to: echo.port)
        let before = node.node.plan.present
        let taken = try LoopbackServer.echo()
        let faults = [
            (Self.direct(port: port).replacing("exit: out", with: "exit: outt"), "there is no exit \"outt\""),
            ("listeners: [", "node.yaml:"),
            (Self.direct(port: taken.port), "cannot listen on 127.0.0.1:\(taken.port)"),
        ]
        for (text, reason) in faults {
            let error = #expect(throws: Node.ReloadError.self) { try node.reload(text) }
            #expect(error?.description.contains(reason) == true, "\(String(describing: error))")
            #expect(node.node.plan.present.listeners[0] === before.listeners[0])
            #expect(try self.echoes(session))
            #expect(try self.echoes(try LoopbackSocket.session(via: port, to: echo.port)))
        }
    }

    @Test func `a recorded session is known after a reload, and forgotten with its key`() throws {
        let port = try FreePort.next()
        let echo = try LoopbackServer.echo()
        func text(_ key: String, idle: Int) -> String {
            """
            listeners:
              - { name: in, type: tunnel, address: "127.0.0.1:\(port)", key: "\(key)", exit: out, reject: reset,
                  timeouts: { idle: \(idle) min } }
            exits: [{ name: out, type: direct, allow: [127.0.0.0/8] }]
            loops: 1

            """
        }
        let node = try LocalNode(text(RawClient.keyText, idle: 1))
        var client = try RawClient(seed: 4)
        let request = client.header(port: echo.port, timestamp: Self.clock) + client.chunk([1])
        func isAnswered() throws -> Bool {
            let socket = try LoopbackSocket(connectingTo: port)
            try socket.write(request)
            if case .bytes = socket.read() { return true } else { return false }
        }
        #expect(try isAnswered())
        #expect(try !isAnswered())
        try node.reload(text(RawClient.keyText, idle: 2))
        #expect(try !isAnswered())
        try node.reload(text("AAAAAAAAAAAAAAAAAAAAAQ==", idle: 2))
        try node.reload(text(RawClient.keyText, idle: 2))
        #expect(try isAnswered())
    }

    @Test func `what is believed of exits is believed on, and new groups are chosen from`() throws {
        let echo = try LoopbackServer.echo()
        let (port, good, nobody) = (try FreePort.next(), try FreePort.next(), try FreePort.next())
        func text(_ members: String, _ more: String = "") -> String {
            """
            listeners: [{ name: in, type: mixed, address: "127.0.0.1:\(port)", exit: all }]
            exits:
              - { name: e0, type: tunnel, server: "127.0.0.1:\(nobody)", keys: "\(LocalRelay.exitKey)", warm: 1 }
              - { name: e1, type: tunnel, server: "127.0.0.1:\(good)", keys: "\(LocalRelay.exitKey)", warm: 2 }
              - { name: all, type: group, members: [\(members)], check: off\(more) }
            loops: 2

            """
        }
        let exit = try LocalNode(LocalRelay.exit(port: good))
        let node = try LocalNode(text("e0, e1"))
        for _ in 0..<10 { #expect(try self.echoes(try LoopbackSocket.session(via: port, to: echo.port))) }
        #expect(node.member("e0")?.present.state == .down)
        let session = try LoopbackSocket.session(via: port, to: echo.port)
        for more in [", policy: round-robin", ", policy: latency", ""] {
            try node.reload(text("e0, e1", more))
            #expect(node.member("e0")?.present.state == .down)
            #expect(try self.echoes(try LoopbackSocket.session(via: port, to: echo.port)))
            #expect(try self.echoes(session))
        }
        // Warm sockets of an exit that has not changed are there still.
        #expect(node.exitTraffic(of: "e1").failed == 0)
        try node.reload(text("e1"))
        #expect(node.member("e0") == nil)
        #expect(try self.echoes(try LoopbackSocket.session(via: port, to: echo.port)))
        #expect(try self.echoes(session))
        withExtendedLifetime(exit) {}
    }
}
