import Foundation
import TestSupport
import Testing

extension EndToEnd {
    /// What a session, a record and a datagram may cost in calls and allocations, counted and not timed. The bounds are
    /// what there was when they were written, and some more for a machine that deals its time out otherwise: whoever makes
    /// it less lowers them.
    @Suite(.enabled(if: Binaries.isGiven, "the counts are those of a release build (CAUSEWAY_BINARY)"))
    struct CostTests {
        /// Client and exit, each with its counts.
        private struct CountedChain {
            let chain: Chain
            let client: CallCounter
            let exit: CallCounter

            init() throws {
                self.client = try CallCounter()
                self.exit = try CallCounter()
                self.chain = try Chain(environments: (self.client.environment, self.exit.environment))
            }

            /// What `body` costs each of them, once it has settled.
            func cost(of body: () throws -> Void) throws -> (client: CallCounts, exit: CallCounts) {
                let (client, exit) = (try self.client.read(), try self.exit.read())
                try body()
                return (try self.client.read() - client, try self.exit.read() - exit)
            }
        }

        @Test func `a short session`() throws {
            let counted = try CountedChain()
            let echo = try LoopbackServer.echo()
            let number = 200
            func sessions(_ number: Int) throws {
                for _ in 0..<number {
                    let session = try counted.chain.session(to: echo.port)
                    try session.write([UInt8](repeating: 7, count: 64))
                    #expect(try session.read(exactly: 64).count == 64)
                    session.finishWriting()
                    #expect(session.readToEnd().0.isEmpty)
                }
            }
            try sessions(50)
            let cost = try counted.cost { try sessions(number) }
            print("a short session: client \(cost.client.text(for: number)); exit \(cost.exit.text(for: number))")
            // One call of each is for the loopback alone, and only where the system's congestion control would pace it.
            for (counts, calls, allocations) in [(cost.client, 21, 4), (cost.exit, 17, 3)] {
                #expect(counts.calls <= calls * number, "\(counts.text(for: number))")
                #expect(counts.allocations <= allocations * number, "\(counts.text(for: number))")
            }
            try counted.chain.stop()
        }

        @Test func `a record of a long session, each way`() throws {
            let counted = try CountedChain()
            let size = 64 << 20
            // Of the largest size that there is.
            let records = size / 65_536
            let source = try LoopbackServer { connection in
                try BytePattern.send(size, to: connection)
                connection.finishWriting()
                _ = connection.readToEnd()
            }
            let sink = try LoopbackServer { connection in
                try connection.write(Array("\(try BytePattern.receive(from: connection))".utf8))
            }
            func download() throws {
                let session = try counted.chain.session(to: source.port)
                #expect(try BytePattern.receive(from: session) == size)
            }
            func upload() throws {
                let session = try counted.chain.session(to: sink.port)
                try BytePattern.send(size, to: session)
                session.finishWriting()
                #expect(session.readToEnd().0 == Array("\(size)".utf8))
            }
            try download()
            try upload()
            for (name, transfer) in [("down", download), ("up", upload)] {
                let cost = try counted.cost(of: transfer)
                print(
                    "64 MiB \(name), for 64 KiB: client \(cost.client.text(for: records));",
                    "exit \(cost.exit.text(for: records))"
                )
                for counts in [cost.client, cost.exit] {
                    #expect(counts.allocations <= records / 20, "\(counts.text(for: records))")
                    #expect(counts.calls <= 3 * records, "\(counts.text(for: records))")
                }
            }
            try counted.chain.stop()
        }

        @Test func `connections that have to wait cost nothing until there is room`() throws {
            let counter = try CallCounter()
            let (port, echo) = (try FreePort.next(), try LoopbackServer.echo())
            let node = try Node(
                """
                listeners: [{ name: in, type: forward, address: "127.0.0.1:\(port)", target: "127.0.0.1:\(echo.port)",
                    exit: out }]
                exits: [{ name: out, type: direct, allow: [127.0.0.0/8] }]
                limits: { sessions: 1 }
                loops: 1

                """,
                listeningOn: [port],
                environment: counter.environment
            )
            let sessions = try (0..<5).map { _ in try LoopbackSocket(connectingTo: port) }
            for (number, session) in sessions.enumerated() { try session.write([UInt8(number)]) }
            #expect(try sessions[0].read(exactly: 1) == [0])
            let before = try counter.read()
            let begun = Date()
            Thread.sleep(forTimeInterval: 0.6)
            let cost = try counter.read() - before
            let most = 30 + Int(-begun.timeIntervalSinceNow * 10)
            // It looks whether there is room some times a second, and is not told over and over that somebody waits.
            let turns = cost.counts["epoll_wait", default: 0]
            #expect(turns <= most && cost.calls <= most, "\(cost.text(for: 1))")
            for (number, session) in sessions.enumerated().dropFirst() {
                sessions[number - 1].finishWriting()
                #expect(sessions[number - 1].readToEnd().0.isEmpty)
                #expect(try session.read(exactly: 1) == [UInt8(number)])
            }
            try node.stop()
        }

        @Test func `a datagram there and back`() throws {
            let counted = try CountedChain()
            let echo = try DatagramEcho()
            let association = try SocksAssociation(via: counted.chain.proxyPort)
            let payload = [UInt8](repeating: 7, count: 64)
            let number = 1_000
            for _ in 0..<50 { try association.exchange(payload, with: echo.port) }
            let cost = try counted.cost {
                for _ in 0..<number { try association.exchange(payload, with: echo.port) }
            }
            print("a datagram: client \(cost.client.text(for: number)); exit \(cost.exit.text(for: number))")
            for counts in [cost.client, cost.exit] {
                #expect(counts.calls <= 4 * number + 20, "\(counts.text(for: number))")
                // The call for many is for the socket that is shared alone.
                #expect(counts.counts["recvmmsg", default: 0] <= number + 20, "\(counts.text(for: number))")
                #expect(counts.allocations <= number / 50, "\(counts.text(for: number))")
            }
            try counted.chain.stop()
        }
    }
}
