import TestSupport
import Testing

extension EndToEnd {
    /// What somebody without a key learns from the exit's port: nothing, whatever is sent.
    @Suite struct ProbingTests {
        @Test(arguments: [Credentials.singleUser(.aes128), .multiUser(.aes256), .singleUser(.chacha20)])
        func `random bytes of every length get no byte back and leave no descriptor`(credentials: Credentials) throws {
            let target = try LoopbackServer.echo()
            let chain = try Chain(credentials)
            try Self.expectService(chain, target)
            let before = Self.descriptors(chain.exit, after: 0.5)
            let count = TestSize.choose(full: credentials.method == .aes128 ? 10_000 : 2_000, short: 802)
            var endings: [ReadResult] = []
            var bytesReceived = 0
            for number in 0..<count {
                let probe = try LoopbackSocket(connectingTo: chain.tunnelPort)
                try probe.write((0..<number % 401).map { _ in UInt8.random(in: 0...255) })
                probe.finishWriting()
                let (bytes, ending) = probe.readToEnd()
                bytesReceived += bytes.count
                if !endings.contains(ending) { endings.append(ending) }
            }
            #expect(bytesReceived == 0)
            // The same for every length: none tells how many bytes the exit has read.
            #expect(endings == [.end])
            #expect(target.acceptedCount == 1)
            #expect(Deadline.wait(20) { chain.exit.status.descriptorCount <= before })
            try Self.expectService(chain, target)
            try chain.stop()
        }

        @Test func `a probe that stays open is neither answered nor closed, whatever its length`() throws {
            TestSize.allowManyDescriptors()
            let target = try LoopbackServer.echo()
            let chain = try Chain(.multiUser(.aes128))
            let before = Self.descriptors(chain.exit, after: 0.5)
            let probes = try (0...400).map { length in
                let probe = try LoopbackSocket(connectingTo: chain.tunnelPort)
                try probe.write((0..<length).map { _ in UInt8.random(in: 0...255) })
                return probe
            }
            // A session behind them shows that the exit has been through its work since.
            try Self.expectService(chain, target)
            for probe in probes { probe.setPatience(seconds: 0.002) }
            #expect(probes.filter { $0.read() != .silence }.isEmpty)
            // More bytes change nothing: they are read and forgotten.
            for probe in probes { try probe.write(BytePattern.slice(at: 0, count: 2000)) }
            try Self.expectService(chain, target)
            #expect(probes.filter { $0.read() != .silence }.isEmpty)
            for probe in probes {
                probe.setPatience(seconds: 20)
                probe.finishWriting()
            }
            #expect(probes.filter { $0.read() != .end }.isEmpty)
            probes.forEach { $0.close() }
            #expect(Deadline.wait(20) { chain.exit.status.descriptorCount <= before })
            try chain.stop()
        }

        private static func expectService(_ chain: Chain, _ target: LoopbackServer) throws {
            let session = try chain.session(to: target.port)
            try session.write([1, 2, 3])
            session.finishWriting()
            let (bytes, ending) = session.readToEnd()
            #expect(bytes == [1, 2, 3])
            #expect(ending == .end)
        }

        /// The smallest count of descriptors seen within `seconds`: sessions that are ending do not count.
        private static func descriptors(_ node: Node, after seconds: Double) -> Int {
            var least = Int.max
            _ = Deadline.wait(seconds) {
                least = min(least, node.status.descriptorCount)
                return false
            }
            return least
        }
    }
}
