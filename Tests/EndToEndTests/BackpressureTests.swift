import Synchronization
import TestSupport
import Testing

extension EndToEnd {
    @Suite struct BackpressureTests {
        /// What both nodes together may grow by for ten stalled sessions, in bytes. Without backpressure the sources
        /// below fill it in the first tenth of a second.
        private static let bound = 48 << 20

        @Test(.enabled(if: !TestSize.isShort, "sanitizers keep shadow memory"))
        func `readers that stall do not grow the nodes, and get everything in the end`() throws {
            let total = 64 << 20
            let count = 10
            let progress = Progress(count: count)
            let source = try LoopbackServer { connection in
                let index = progress.next()
                try BytePattern.send(total, to: connection, progress: progress.sent[index])
                connection.finishWriting()
                _ = connection.readToEnd()
            }
            let chain = try Chain()
            let before = chain.client.status.residentBytes + chain.exit.status.residentBytes
            let sessions = try (0..<count).map { _ in try chain.session(to: source.port) }
            for session in sessions { session.setPatience(seconds: 120) }
            var peak = 0
            var last = -1
            var stalledFor = 0
            // Watched for five seconds after the sources have stopped moving: all is full then.
            let stalled = Deadline.wait(60) {
                peak = max(peak, chain.client.status.residentBytes + chain.exit.status.residentBytes)
                let sum = progress.sum
                stalledFor = sum == last && sum > 0 ? stalledFor + 1 : 0
                last = sum
                return stalledFor > 1000
            }
            #expect(stalled, "the sources never stopped")
            #expect(progress.sum < total * count, "nothing held the sources back")
            #expect(peak - before < Self.bound, "grew by \(peak - before) bytes")
            for session in sessions { #expect(try BytePattern.receive(from: session) == total) }
            try chain.stop()
        }

        @Test(.enabled(if: !TestSize.isShort, "sanitizers keep shadow memory"))
        func `targets that stall do not grow the nodes, and get everything in the end`() throws {
            let total = 64 << 20
            let gate = Gate()
            let sink = try LoopbackServer { connection in
                gate.wait()
                connection.setPatience(seconds: 120)
                try connection.write(Array("\(try BytePattern.receive(from: connection))".utf8))
            }
            let chain = try Chain()
            let before = chain.client.status.residentBytes + chain.exit.status.residentBytes
            let session = try chain.session(to: sink.port)
            session.setPatience(seconds: 120)
            let sent = Progress(count: 1)
            try Background.run {
                try BytePattern.send(total, to: session, progress: sent.sent[0])
                session.finishWriting()
            } while: {
                var last = -1
                var stalledFor = 0
                var peak = 0
                _ = Deadline.wait(60) {
                    peak = max(peak, chain.client.status.residentBytes + chain.exit.status.residentBytes)
                    stalledFor = sent.sum == last && last > 0 ? stalledFor + 1 : 0
                    last = sent.sum
                    return stalledFor > 1000
                }
                #expect(sent.sum < total, "nothing held the client back")
                #expect(peak - before < Self.bound, "grew by \(peak - before) bytes")
                gate.open()
                #expect(String(decoding: session.readToEnd().bytes, as: UTF8.self) == "\(total)")
            }
            try chain.stop()
        }
    }
}
