import TestSupport
import Testing

extension EndToEnd {
    @Suite struct ParallelTests {
        @Test func `hundreds of sessions are open at once and each gets its own bytes`() throws {
            TestSize.allowManyDescriptors()
            let count = TestSize.choose(full: 500, short: 100)
            let echo = try LoopbackServer.echo()
            let chain = try Chain()
            let sessions = try (0..<count).map { _ in try chain.session(to: echo.port) }
            for (index, session) in sessions.enumerated() {
                try session.write(BytePattern.slice(at: index * 4096, count: 4096))
            }
            #expect(Deadline.wait(30) { echo.acceptedCount == count })
            for (index, session) in sessions.enumerated() {
                #expect(try session.read(exactly: 4096) == BytePattern.slice(at: index * 4096, count: 4096))
            }
            try chain.stop()
        }

        @Test func `sessions that end give back every descriptor`() throws {
            let echo = try LoopbackServer.echo()
            let chain = try Chain()
            // One session first: what a node opens once and keeps is not what this is about.
            try Self.exchange(chain, echo)
            let before = (Self.settledCount(chain.client), Self.settledCount(chain.exit))
            for _ in 0..<TestSize.choose(full: 300, short: 60) { try Self.exchange(chain, echo) }
            #expect(Deadline.wait(20) { chain.client.status.descriptorCount <= before.0 })
            #expect(Deadline.wait(20) { chain.exit.status.descriptorCount <= before.1 })
            try chain.stop()
        }

        private static func exchange(_ chain: Chain, _ echo: LoopbackServer) throws {
            let session = try chain.session(to: echo.port)
            try session.write([1, 2, 3])
            session.finishWriting()
            let (bytes, ending) = session.readToEnd()
            #expect(bytes == [1, 2, 3])
            #expect(ending == .end)
        }

        /// The count of descriptors once it has not changed for a while.
        private static func settledCount(_ node: Node) -> Int {
            var last = -1
            var equal = 0
            _ = Deadline.wait(5) {
                let now = node.status.descriptorCount
                equal = now == last ? equal + 1 : 0
                last = now
                return equal > 50
            }
            return last
        }
    }
}
