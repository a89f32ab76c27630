import CausewayBytes
import CausewayFronts
import TestSupport
import Testing

@testable import CausewayNode

/// Fixed targets, and PROXY headers in and out.
@Suite(.serialized) struct ForwardTests {
    private static func forward(port: UInt16, target: UInt16, listener: String = "") -> String {
        """
        listeners:
          - { name: in, type: forward, address: "127.0.0.1:\(port)", target: "127.0.0.1:\(target)", exit: out\(listener) }
        exits: [{ name: out, type: direct, allow: ["127.0.0.0/8"] }]

        """
    }

    @Test func `every connection goes to the target, and what passes is counted`() throws {
        let echo = try LoopbackServer.echo()
        let port = try FreePort.next()
        let node = try LocalNode(Self.forward(port: port, target: echo.port))
        var random = SeededGenerator(seed: 3)
        var total = 0
        for _ in 0..<8 {
            let bytes = random.bytes(Int.random(in: 1...400_000, using: &random))
            let socket = try LoopbackSocket(connectingTo: port)
            let write: @Sendable () throws -> Void = {
                try socket.write(bytes)
                socket.finishWriting()
            }
            try Background.run(write) {
                let (received, ending) = socket.readToEnd()
                let isSame = received == bytes
                #expect(isSame && ending == .end)
            }
            total += bytes.count
        }
        #expect(node.hasSettled)
        #expect(node.traffic(of: "in").up == UInt64(total) && node.traffic(of: "in").down == UInt64(total))
        #expect(node.exitTraffic(of: "out").begun == 8)
    }

    @Test func `a target behind a tunnel is reached from its far end`() throws {
        let echo = try LoopbackServer.echo()
        let (port, server) = (try FreePort.next(), try FreePort.next())
        let exit = try LocalNode(LocalRelay.exit(port: server))
        let node = try LocalNode(
            """
            listeners:
              - { name: in, type: forward, address: "127.0.0.1:\(port)", target: "127.0.0.1:\(echo.port)", exit: out }
            exits:
              - { name: out, type: tunnel, server: "127.0.0.1:\(server)", keys: "\(LocalRelay.exitKey)" }
            """
        )
        let socket = try LoopbackSocket(connectingTo: port)
        try socket.write([1, 2, 3])
        #expect(try socket.read(exactly: 3) == [1, 2, 3])
        withExtendedLifetime((exit, node)) {}
    }

    @Test func `a target that is not there is a reset`() throws {
        let (port, nobody) = (try FreePort.next(), try FreePort.next())
        let node = try LocalNode(Self.forward(port: port, target: nobody))
        let socket = try LoopbackSocket(connectingTo: port)
        #expect(socket.read() == .reset)
        #expect(node.hasSettled)
    }

    // MARK: - PROXY headers

    @Test func `a header is read and passes no further, in pieces too`() throws {
        let received = Received()
        let target = try LoopbackServer { connection in
            while case .bytes(let bytes) = connection.read() { received.append(bytes) }
        }
        let port = try FreePort.next()
        let text = Self.forward(port: port, target: target.port, listener: ", proxy_protocol: 127.0.0.0/8")
        let node = try LocalNode(text)
        let source = try #require(SocketAddress("192.0.2.1:5"))
        let line = Array("PROXY TCP4 192.0.2.1 198.51.100.7 5 443\r\n".utf8)
        for header in [line, ProxyHeader.version2(source: source, destination: source), ProxyHeader.version2Local] {
            for cut in [1, 6, 13, header.count - 1, header.count] {
                let before = received.count
                let socket = try LoopbackSocket(connectingTo: port)
                try socket.write(Array(header[..<cut]))
                try socket.write(Array(header[cut...]) + [7, 8])
                #expect(Deadline.wait(20) { received.count == before + 2 })
            }
        }
        #expect(received.bytes == Array(repeating: [7, 8], count: 15).flatMap { $0 })
        #expect(node.hasSettled)
    }

    @Test func `who should send a header and does not is cut off, and who should not is not believed`() throws {
        let received = Received()
        let target = try LoopbackServer { connection in
            while case .bytes(let bytes) = connection.read() { received.append(bytes) }
        }
        let ports = (try FreePort.next(), try FreePort.next())
        let strict = Self.forward(port: ports.0, target: target.port, listener: ", proxy_protocol: 127.0.0.1")
        let other = Self.forward(port: ports.1, target: target.port, listener: ", proxy_protocol: 10.0.0.0/8")
        let nodes = (try LocalNode(strict), try LocalNode(other))
        for bytes in [Array("GET / HTTP/1.1\r\n".utf8), [0x0d, 0x0a, 0x0d, 0x0b], Array("PROXY x\r\n".utf8)] {
            let socket = try LoopbackSocket(connectingTo: ports.0)
            try socket.write(bytes)
            #expect(socket.read() == .reset)
        }
        #expect(nodes.0.traffic(of: "in").failed == 3 && received.count == 0)
        let line = Array("PROXY TCP4 192.0.2.1 198.51.100.7 5 443\r\n".utf8)
        let socket = try LoopbackSocket(connectingTo: ports.1)
        try socket.write(line)
        #expect(Deadline.wait(20) { received.bytes == line })
    }

    @Test func `who begins a header and leaves is forgotten`() throws {
        let port = try FreePort.next()
        let node = try LocalNode(
            Self.forward(port: port, target: 9, listener: ", proxy_protocol: 127.0.0.1, timeouts: { handshake: 1 s }")
        )
        let socket = try LoopbackSocket(connectingTo: port)
        try socket.write(Array("PROXY TCP4".utf8))
        #expect(Deadline.wait(20) { node.sessionCount == 1 })
        socket.finishWriting()
        #expect(node.hasSettled)
        // And who stays is so at the deadline.
        let silent = try LoopbackSocket(connectingTo: port)
        try silent.write(Array("PROXY TCP4".utf8))
        #expect(silent.read() == .reset)
        #expect(node.hasSettled)
    }

    @Test func `the next hop learns the customer's address, and the header before it is believed`() throws {
        let first = Received()
        let next = try LoopbackServer { connection in
            while case .bytes(let bytes) = connection.read() { first.append(bytes) }
        }
        let port = try FreePort.next()
        let node = try LocalNode(
            """
            listeners:
              - { name: in, type: forward, address: "127.0.0.1:\(port)", target: "192.0.2.9:1", exit: out,
                  proxy_protocol: 127.0.0.1 }
            exits:
              - { name: out, type: tunnel, server: "127.0.0.1:\(next.port)", keys: "\(LocalRelay.exitKey)",
                  send_proxy: true }
            """
        )
        let source = try #require(SocketAddress("203.0.113.5:4242"))
        let socket = try LoopbackSocket(connectingTo: port)
        try socket.write(ProxyHeader.version2(source: source, destination: source) + [1])
        #expect(Deadline.wait(20) { first.count > 28 + 16 })
        var bytes = first.bytes
        let parsed = try bytes.withByteRegion { region in Result { try ProxyHeader.parse(region) } }.get()
        guard case .header(let header, count: 28) = parsed else {
            Issue.record("\(parsed)")
            return
        }
        #expect(header.source == source)
        #expect(header.destination == SocketAddress(ip: .v4(0x7f00_0001), port: port))
        withExtendedLifetime(node) {}
    }

    @Test func `two nodes understand each other's header`() throws {
        let echo = try LoopbackServer.echo()
        let (port, server) = (try FreePort.next(), try FreePort.next())
        let exit = try LocalNode(
            LocalRelay.exit(port: server).replacing("exit: out\n", with: "exit: out\n    proxy_protocol: 127.0.0.1\n")
        )
        let node = try LocalNode(
            """
            listeners:
              - { name: in, type: forward, address: "127.0.0.1:\(port)", target: "127.0.0.1:\(echo.port)", exit: out }
            exits:
              - { name: out, type: tunnel, server: "127.0.0.1:\(server)", keys: "\(LocalRelay.exitKey)", warm: 2,
                  send_proxy: true }
            """
        )
        for _ in 0..<5 {
            let socket = try LoopbackSocket(connectingTo: port)
            try socket.write([1, 2, 3])
            #expect(try socket.read(exactly: 3) == [1, 2, 3])
        }
        withExtendedLifetime((exit, node)) {}
    }
}
