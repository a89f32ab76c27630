import TestSupport
import Testing

extension EndToEnd {
    @Suite struct HalfCloseTests {
        @Test func `a client that has finished writing still gets the whole answer`() throws {
            let server = try LoopbackServer { connection in
                // The answer starts only when the client's end has arrived.
                let (request, ending) = connection.readToEnd()
                guard ending == .end else { return }
                try connection.write(request.reversed())
                try BytePattern.send(5_000_000, to: connection)
                connection.finishWriting()
            }
            let chain = try Chain()
            let session = try chain.session(to: server.port)
            try session.write([1, 2, 3])
            session.finishWriting()
            #expect(try session.read(exactly: 3) == [3, 2, 1])
            #expect(try BytePattern.receive(from: session) == 5_000_000)
            try chain.stop()
        }

        @Test func `a target that has finished writing still gets all that the client sends`() throws {
            let server = try LoopbackServer { connection in
                connection.finishWriting()
                let count = try BytePattern.receive(from: connection)
                guard count == 5_000_000 else { throw TestFailure("only \(count) bytes came") }
            }
            let chain = try Chain()
            let session = try chain.session(to: server.port)
            #expect(session.read() == .end)
            try BytePattern.send(5_000_000, to: session)
            session.finishWriting()
            #expect(Deadline.wait(20) { server.openCount == 0 })
            #expect(server.failures.isEmpty, "\(server.failures)")
            try chain.stop()
        }

        @Test func `a session that ends without a byte from the target ends cleanly`() throws {
            let server = try LoopbackServer { connection in
                _ = connection.readToEnd()
            }
            let chain = try Chain()
            let session = try chain.session(to: server.port)
            try session.write([1, 2, 3])
            session.finishWriting()
            let (bytes, ending) = session.readToEnd()
            #expect(bytes.isEmpty)
            #expect(ending == .end)
            try chain.stop()
        }
    }
}
