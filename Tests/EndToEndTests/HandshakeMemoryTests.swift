import TestSupport
import Testing

extension EndToEnd {
    /// Strangers who make a node hold what they have not finished saying.
    @Suite struct HandshakeMemoryTests {
        @Test func `long requests are not held beyond the buffers, and short ones are served all the same`() throws {
            let port = try FreePort.next()
            let node = try Node(
                """
                listeners: [{ name: in, type: mixed, address: "127.0.0.1:\(port)", exit: out }]
                exits: [{ name: out, type: direct, allow: [127.0.0.0/8] }]
                limits: { buffers: 1 MiB }
                loops: 1

                """,
                listeningOn: [port]
            )
            // Sixteen of these are all that there is room for.
            let request = Array("GET http://127.0.0.1/".utf8) + [UInt8](repeating: 0x61, count: 60_000)
            let strangers = try (0..<64).map { _ in try LoopbackSocket(connectingTo: port) }
            for stranger in strangers { try? stranger.write(request) }
            let echo = try LoopbackServer.echo()
            let customer = try LoopbackSocket(connectingTo: port)
            try customer.write([5, 1, 0])
            #expect(try customer.read(exactly: 2) == [5, 0])
            try customer.write([5, 1, 0, 1, 127, 0, 0, 1, UInt8(echo.port >> 8), UInt8(echo.port & 255)])
            #expect(try customer.read(exactly: 10)[1] == 0)
            try customer.write([7])
            #expect(try customer.read(exactly: 1) == [7])
            // Those that are left wait to say the rest.
            for stranger in strangers { stranger.setPatience(seconds: 0.01) }
            var live = 0
            let isBounded = Deadline.wait(20) {
                live = strangers.count { $0.read() == .silence }
                return live <= 20
            }
            #expect(isBounded && live > 0, "\(live)")
            #expect(node.log.contains("buffer memory is used up"))
            for stranger in strangers { stranger.close() }
            customer.finishWriting()
            #expect(customer.readToEnd().0.isEmpty)
            try node.stop()
        }
    }
}
