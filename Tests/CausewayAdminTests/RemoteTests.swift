import CausewayAdmin
import CausewayBytes
import CausewayCrypto
import TestSupport
import Testing

/// The API at an address, for whoever has a token.
@Suite struct RemoteTests {
    private static let tokens = ["first-token-of-more-than-32-characters", "second-token-of-more-than-32-characters"]

    private func withServer(_ node: FakeNode = FakeNode(), _ body: (Address) throws -> Void) throws {
        let port = try FreePort.next()
        let address = SocketAddress(ip: .v4(0x7f00_0001), port: port)
        let tokens = try Self.tokens.map { try #require(TokenDigest(of: $0)) }
        let server = AdminServer(.remote(address, tokens: tokens), control: node, logger: AdminServerTests.logger)
        try server.start()
        defer { server.stop() }
        try body(Address(address))
    }

    private func exchange(_ address: Address, _ fields: String) throws -> String {
        let socket = try LoopbackSocket(connectingTo: address.port)
        try socket.write(Array("GET /v1/status HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\(fields)\r\n".utf8))
        return String(decoding: socket.readToEnd().bytes, as: UTF8.self)
    }

    @Test func `each of the tokens opens it`() throws {
        try self.withServer { address in
            for token in Self.tokens {
                #expect(try AdminClient(.remote(address, token: token)).status() == FakeNode.full)
            }
            let answer = try self.exchange(address, "authorization: bEARER \(Self.tokens[0])\r\n")
            #expect(answer.hasPrefix("HTTP/1.1 200 "))
        }
    }

    @Test(arguments: [
        "", "Authorization: Bearer\r\n", "Authorization: Bearer \r\n", "Authorization: Basic YTpi\r\n",
        "Authorization: first-token-of-more-than-32-characters\r\n",
        "Authorization: Bearer first-token-of-more-than-32-character\r\n",
        "Authorization: Bearer first-token-of-more-than-32-charactersX\r\n",
        "Authorization: Bearer  first-token-of-more-than-32-characters\r\n",
        "Authorization: Bearer First-token-of-more-than-32-characters\r\n",
        "X-Authorization: Bearer first-token-of-more-than-32-characters\r\n",
    ])
    func `nothing else does`(fields: String) throws {
        let node = FakeNode()
        try self.withServer(node) { address in
            let answer = try self.exchange(address, fields)
            #expect(answer.hasPrefix("HTTP/1.1 401 "), "\(answer)")
            #expect(answer.contains("\r\nWWW-Authenticate: Bearer\r\n"), "\(answer)")
            #expect(answer.contains("{\"error\":"), "\(answer)")
        }
        #expect(node.seenRefusals == ["wrong token"])
    }

    @Test func `who guesses too often is not heard any more, and not even with the right token`() throws {
        let node = FakeNode()
        try self.withServer(node) { address in
            for _ in 0..<10 {
                let answer = try self.exchange(address, "Authorization: Bearer wrong\r\n")
                #expect(answer.hasPrefix("HTTP/1.1 401 "), "\(answer)")
            }
            let answer = try self.exchange(address, "Authorization: Bearer \(Self.tokens[0])\r\n")
            #expect(answer.hasPrefix("HTTP/1.1 429 "), "\(answer)")
            #expect(answer.contains("\r\nRetry-After: "), "\(answer)")
        }
        #expect(node.seenRefusals == [String](repeating: "wrong token", count: 10) + ["too many wrong tokens"])
    }

    @Test func `an address that is taken is an error that names it`() throws {
        try self.withServer { address in
            let ip = SocketAddress(ip: .v4(0x7f00_0001), port: address.port)
            let second = AdminServer(.remote(ip, tokens: []), control: FakeNode(), logger: AdminServerTests.logger)
            let error = #expect(throws: AdminError.self) { try second.start() }
            #expect(error?.description.contains("\(ip)") == true)
        }
    }
}
