import TestSupport
import Testing

extension EndToEnd {
    @Suite struct ResetTests {
        @Test func `a reset by the target reaches the client as a reset`() throws {
            let server = try LoopbackServer { connection in
                _ = try connection.read(exactly: 1)
                connection.reset()
            }
            let chain = try Chain()
            let session = try chain.session(to: server.port)
            try session.write([1])
            #expect(session.readToEnd().ending == .reset)
            try chain.stop()
        }

        @Test func `a reset by the client reaches the target as a reset`() throws {
            let server = try LoopbackServer { connection in
                try connection.write([1])
                let ending = connection.readToEnd().ending
                if ending != .reset { throw TestFailure("the connection ended with \(ending)") }
            }
            let chain = try Chain()
            let session = try chain.session(to: server.port)
            #expect(try session.read(exactly: 1) == [1])
            session.reset()
            #expect(Deadline.wait(20) { server.openCount == 0 })
            #expect(server.failures.isEmpty, "\(server.failures)")
            try chain.stop()
        }

        @Test func `a refused target resets the session behind a tunnel`() throws {
            let chain = try Chain()
            // The tunnel has no way to tell the client why, so the proxy has granted the session before it knows.
            let session = try chain.session(to: FreePort.next())
            try session.write([1])
            let (bytes, ending) = session.readToEnd()
            #expect(bytes.isEmpty)
            #expect(ending == .reset)
            try chain.stop()
        }

        @Test func `a target that the exit denies resets the session behind a tunnel`() throws {
            let chain = try Chain()
            // Private: never connected to, since the exit allows loopback only.
            let (session, answer) = try LoopbackSocket.socks5(via: chain.proxyPort, to: "10.255.255.1", 80)
            #expect(answer == .code(0))
            try session.write([1])
            let (bytes, ending) = session.readToEnd()
            #expect(bytes.isEmpty)
            #expect(ending == .reset)
            try chain.stop()
        }
    }
}
