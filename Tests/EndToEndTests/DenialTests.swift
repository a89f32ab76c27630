import TestSupport
import Testing

extension EndToEnd {
    /// Where the exit is the node's own, the front knows what became of the target and says so.
    @Suite struct DenialTests {
        /// A name that no resolver can look up, with or without a network: its first label is a byte too long.
        private static let unresolvable = "\(String(repeating: "a", count: 64)).invalid"

        @Test func `a refused target is reported by each front`() throws {
            try Self.expect(allow: ["127.0.0.0/8"], "127.0.0.1", try FreePort.next(), socks5: 5, http: 502)
        }

        @Test func `a name that does not resolve is reported by each front`() throws {
            try Self.expect(allow: ["127.0.0.0/8"], Self.unresolvable, 80, socks5: 4, http: 502)
        }

        @Test(arguments: ["127.0.0.1", "localhost", "10.0.0.1", "169.254.169.254", "192.168.1.1"])
        func `a private address is denied by each front unless it is allowed`(host: String) throws {
            let server = try LoopbackServer { _ in }
            try Self.expect(allow: [], host, server.port, socks5: 2, http: 403)
            #expect(server.acceptedCount == 0)
        }

        @Test func `mail is denied by each front`() throws {
            try Self.expect(allow: ["127.0.0.0/8"], "127.0.0.1", 25, socks5: 2, http: 403)
        }

        @Test func `an allowed address is served by each front`() throws {
            let server = try LoopbackServer { try $0.write([7]) }
            let port = try FreePort.next()
            let node = try Node(Configuration.direct(port: port, allow: ["127.0.0.0/8"]), listeningOn: [port])
            let dials = [
                (try LoopbackSocket.socks5(via: port, to: "127.0.0.1", server.port), 0),
                (try LoopbackSocket.socks4a(via: port, to: "127.0.0.1", server.port), 0x5a),
                (try LoopbackSocket.connect(via: port, to: "127.0.0.1", server.port), 200),
            ]
            for (dial, code) in dials {
                #expect(dial.answer == .code(code))
                #expect(dial.socket.read() == .bytes([7]))
            }
            try node.stop()
        }

        /// Asks a `mixed` listener with a direct exit by each protocol and expects the codes.
        private static func expect(allow: [String], _ host: String, _ target: UInt16, socks5: Int, http: Int) throws {
            let port = try FreePort.next()
            let node = try Node(Configuration.direct(port: port, allow: allow), listeningOn: [port])
            #expect(try LoopbackSocket.socks5(via: port, to: host, target).answer == .code(socks5))
            #expect(try LoopbackSocket.socks4a(via: port, to: host, target).answer == .code(0x5b))
            #expect(try LoopbackSocket.connect(via: port, to: host, target).answer == .code(http))
            try node.stop()
        }
    }
}
