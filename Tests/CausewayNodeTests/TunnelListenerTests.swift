import Foundation
import TestSupport
import Testing

/// What a `tunnel` listener does with a stream that is cut, joined or changed in ways that no client of ours would.
@Suite(.serialized) struct TunnelListenerTests {
    private static func exit(port: UInt16, reject: String = "drain") -> String {
        """
        listeners:
          - name: public
            type: tunnel
            address: "127.0.0.1:\(port)"
            method: 2022-blake3-aes-128-gcm
            key: "\(RawClient.keyText)"
            reject: \(reject)
            timeouts: { handshake: 2 s }
            exit: out
        exits:
          - { name: out, type: direct, allow: ["127.0.0.0/8"] }
        loops: 2
        """
    }

    private static var clock: UInt64 { UInt64(Date().timeIntervalSince1970) }

    @Test func `chunks that come in one segment with the header are forwarded at once`() throws {
        let port = try FreePort.next()
        let node = try LocalNode(Self.exit(port: port))
        let echo = try LoopbackServer.echo()
        var client = try RawClient(seed: 1)
        let socket = try LoopbackSocket(connectingTo: port)
        let bytes = client.header(port: echo.port, timestamp: Self.clock) + client.chunk([1, 2]) + client.chunk([3])
        try socket.write(bytes)
        #expect(try client.response(from: socket, count: 3, clock: Self.clock) == [1, 2, 3])
        withExtendedLifetime(node) {}
    }

    @Test func `a request and its chunks are understood when every byte comes alone`() throws {
        let port = try FreePort.next()
        let node = try LocalNode(Self.exit(port: port))
        let echo = try LoopbackServer.echo()
        var client = try RawClient(seed: 2)
        let socket = try LoopbackSocket(connectingTo: port)
        for byte in client.header(port: echo.port, timestamp: Self.clock) + client.chunk([9, 8, 7]) {
            try socket.write([byte])
        }
        #expect(try client.response(from: socket, count: 3, clock: Self.clock) == [9, 8, 7])
        withExtendedLifetime(node) {}
    }

    @Test func `a changed chunk is not forwarded and not answered, and ends in a reset`() throws {
        let port = try FreePort.next()
        let node = try LocalNode(Self.exit(port: port))
        let received = Received()
        let target = try LoopbackServer { connection in
            while case .bytes(let bytes) = connection.read() { received.append(bytes) }
        }
        var client = try RawClient(seed: 3)
        let socket = try LoopbackSocket(connectingTo: port)
        socket.setPatience(seconds: 20)
        try socket.write(client.header(port: target.port, timestamp: Self.clock) + client.chunk([5]))
        #expect(Deadline.wait(20) { received.bytes == [5] })
        var bad = client.chunk([6, 6, 6])
        bad[20] ^= 1
        try socket.write(bad + client.chunk([7]))
        #expect(socket.read() == .reset)
        #expect(received.bytes == [5])
        withExtendedLifetime(node) {}
    }

    @Test(arguments: ["drain", "reset"])
    func `every refusal of a header looks the same`(policy: String) throws {
        let port = try FreePort.next()
        let node = try LocalNode(Self.exit(port: port, reject: policy))
        let echo = try LoopbackServer.echo()
        var good = try RawClient(seed: 4)
        let header = good.header(port: echo.port, timestamp: Self.clock)
        let first = try LoopbackSocket(connectingTo: port)
        try first.write(header + good.chunk([1]))
        #expect(try good.response(from: first, count: 1, clock: Self.clock) == [1])

        var stale = try RawClient(seed: 5)
        var flipped = header
        flipped[17] ^= 1
        let probes = [
            header,  // a replay
            stale.header(port: echo.port, timestamp: Self.clock - 40),
            flipped,
            [UInt8](repeating: 0x55, count: 300),
            Array("GET / HTTP/1.1\r\nHost: example.org\r\nUser-Agent: a prober\r\n\r\n".utf8),
        ]
        for probe in probes {
            let socket = try LoopbackSocket(connectingTo: port)
            socket.setPatience(seconds: 20)
            try socket.write(probe)
            // Silence, and at the deadline or the peer's end a clean close; or else a reset at once.
            let (bytes, ending) = socket.readToEnd()
            #expect(bytes.isEmpty)
            #expect(ending == (policy == "drain" ? .end : .reset))
        }
        withExtendedLifetime(node) {}
    }
}
