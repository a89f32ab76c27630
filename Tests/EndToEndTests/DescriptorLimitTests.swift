import TestSupport
import Testing

extension EndToEnd {
    @Suite struct DescriptorLimitTests {
        @Test func `an exit without descriptors waits without spinning and serves again`() throws {
            let target = try LoopbackServer.echo()
            let chain = try Chain(exitDescriptorLimit: 100)
            try Self.exchange(chain, target)

            // Each session is counted with its two sockets from the start, so the flood takes half of what there is.
            let idle = chain.exit.status.descriptorCount
            let held = try (0..<400).map { _ in try LoopbackSocket(connectingTo: chain.tunnelPort) }
            #expect(Deadline.wait(20) { chain.exit.log.contains("accepting paused") }, "\(chain.exit.log)")
            #expect(chain.exit.status.descriptorCount >= idle + 20)
            #expect(chain.exit.status.descriptorCount < 100)
            let before = chain.exit.status.processorSeconds
            // Two seconds of doing nothing: a loop that spins on accept takes about all of them.
            _ = Deadline.wait(2) { false }
            let used = chain.exit.status.processorSeconds - before
            #expect(used < 0.6, "used \(used) s of processor time in 2 s without work")
            #expect(chain.exit.process.exitStatus == nil, "\(chain.exit.log)")

            held.forEach { $0.close() }
            var answered = false
            _ = Deadline.wait(30) {
                answered = (try? Self.exchange(chain, target)) != nil
                return answered
            }
            #expect(answered, "no session after the flood:\n\(chain.exit.log)")
            try chain.stop()
        }

        private static func exchange(_ chain: Chain, _ target: LoopbackServer) throws {
            let session = try chain.session(to: target.port)
            session.setPatience(seconds: 10)
            try session.write([1, 2, 3])
            guard try session.read(exactly: 3) == [1, 2, 3] else { throw TestFailure("other bytes came back") }
        }
    }
}
