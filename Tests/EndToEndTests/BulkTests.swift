import Synchronization
import TestSupport
import Testing

extension EndToEnd {
    @Suite struct BulkTests {
        private let total = TestSize.choose(full: 1 << 30, short: 48 << 20)

        @Test(arguments: MethodName.allCases)
        func `a large download arrives whole`(method: MethodName) throws {
            let total = self.total(of: method)
            let source = try LoopbackServer { connection in
                try BytePattern.send(total, to: connection)
                connection.finishWriting()
                _ = connection.readToEnd()
            }
            let chain = try Chain(.singleUser(method))
            let session = try chain.session(to: source.port)
            #expect(try BytePattern.receive(from: session) == total)
            session.close()
            try chain.stop()
        }

        @Test(arguments: MethodName.allCases)
        func `a large upload arrives whole`(method: MethodName) throws {
            let total = self.total(of: method)
            let sink = try LoopbackServer { connection in
                let count = try BytePattern.receive(from: connection)
                try connection.write(Array("\(count)".utf8))
            }
            let chain = try Chain(.singleUser(method))
            let session = try chain.session(to: sink.port)
            try BytePattern.send(total, to: session)
            session.finishWriting()
            let (answer, ending) = session.readToEnd()
            #expect(String(decoding: answer, as: UTF8.self) == "\(total)")
            #expect(ending == .end)
            try chain.stop()
        }

        @Test func `both directions at once arrive whole`() throws {
            let total = self.total / 4
            let echo = try LoopbackServer.echo()
            let chain = try Chain()
            let session = try chain.session(to: echo.port)
            try Background.run {
                try BytePattern.send(total, to: session)
                session.finishWriting()
            } while: {
                let received = try BytePattern.receive(from: session)
                #expect(received == total)
            }
            try chain.stop()
        }

        /// A gibibyte by the default method; a quarter of it by each of the others.
        private func total(of method: MethodName) -> Int { method == .aes128 ? self.total : self.total / 4 }
    }
}
