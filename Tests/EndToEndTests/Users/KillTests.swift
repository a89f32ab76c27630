import Foundation
import Synchronization
import TestSupport
import Testing

extension EndToEnd {
    @Suite struct KillTests {
        private static let rounds = TestSize.number("CAUSEWAY_KILLS", full: 100, short: 5)

        /// What the ends of all sessions know.
        private final class Ends: Sendable {
            let sent = Atomic<Int>(0)
            let received = Atomic<Int>(0)
            let open = Atomic<Int>(0)

            /// Writes until the connection breaks.
            func send(to socket: LoopbackSocket, piece: Int) {
                self.open.wrappingAdd(1, ordering: .relaxed)
                defer { self.open.wrappingSubtract(1, ordering: .relaxed) }
                let bytes = BytePattern.slice(at: 0, count: piece)
                while true {
                    // What is tried counts as sent: of a write that fails some may have gone.
                    self.sent.wrappingAdd(bytes.count, ordering: .relaxed)
                    guard (try? socket.write(bytes)) != nil else { return }
                }
            }

            /// Reads until the connection breaks.
            func receive(from socket: LoopbackSocket) {
                self.open.wrappingAdd(1, ordering: .relaxed)
                defer { self.open.wrappingSubtract(1, ordering: .relaxed) }
                var buffer = [UInt8](repeating: 0, count: 100_000)
                while let count = try? buffer.withUnsafeMutableBytes({ try socket.read(into: $0) }), count > 0 {
                    self.received.wrappingAdd(count, ordering: .relaxed)
                }
            }
        }

        /// The bill of a node that is killed again and again under full load. Every byte that arrived is on it, and none
        /// that was not sent: that is all that two ends can know of a byte that was under way.
        @Test func `kill -9 loses nothing and doubles nothing`() throws {
            try self.killAndCompare(rounds: Self.rounds, on: nil)
        }

        /// The same while the ledger's disk is full for a third of the rounds: the node goes on, also after it was killed.
        @Test(.enabled(if: TestDisk.isPossible, "mount namespaces and loop devices are wanted, as root"))
        func `kill -9 loses nothing and doubles nothing while the disk is full`() throws {
            try self.killAndCompare(rounds: TestSize.choose(full: 12, short: 3), on: try TestDisk(.memory))
        }

        private func killAndCompare(rounds: Int, on disk: TestDisk?) throws {
            let ends = Ends()
            let sizes = [1, 700, 16_384, 200_000]
            let source = try LoopbackServer { connection in
                guard let size = try connection.read(exactly: 1).first else { return }
                ends.send(to: connection, piece: sizes[Int(size) % sizes.count])
            }
            let sink = try LoopbackServer { connection in ends.receive(from: connection) }
            let node = try UserNode(disk: disk)
            try node.add("alice", "")
            var random = SeededGenerator(seed: 9)
            var orders = 0
            for round in 0..<rounds {
                if round == rounds / 3 { try disk?.fill() }
                if round == rounds * 2 / 3 { try disk?.free() }
                let before = ends.received.load(ordering: .relaxed)
                var sessions: [LoopbackSocket] = []
                for number in 0..<sizes.count {
                    let down = try #require(try node.session("alice", to: source.port))
                    try down.write([UInt8(number)])
                    orders += 1
                    let up = try #require(try node.session("alice", to: sink.port))
                    sessions += [down, up]
                    let size = sizes[number]
                    Thread.detachNewThread { ends.receive(from: down) }
                    Thread.detachNewThread { ends.send(to: up, piece: size) }
                }
                let wanted = Int.random(in: 1...8_000_000, using: &random)
                let hasMoved = Deadline.wait(30) { ends.received.load(ordering: .relaxed) - before > wanted }
                #expect(hasMoved)
                node.kill()
                let hasEnded = Deadline.wait(30) { ends.open.load(ordering: .relaxed) == 0 }
                #expect(hasEnded, "round \(round)")
                withExtendedLifetime(sessions) {}
                try node.restart()
                let used = try node.user("alice").used
                let received = ends.received.load(ordering: .relaxed)
                let sent = ends.sent.load(ordering: .relaxed) + orders
                #expect(received <= used && used <= sent, "round \(round): \(received) <= \(used) <= \(sent)")
                guard received <= used, used <= sent else { break }
            }
            let used = try node.user("alice").used
            node.kill()
            try node.restart()
            #expect(try node.user("alice").used == used)
            try node.stop()
        }
    }
}
