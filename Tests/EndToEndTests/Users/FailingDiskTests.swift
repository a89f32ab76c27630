import Foundation
import TestSupport
import Testing

extension EndToEnd {
    /// A ledger on a disk that is full, or fails.
    @Suite(.enabled(if: TestDisk.isPossible, "mount namespaces and loop devices are wanted, as root"))
    struct FailingDiskTests {
        private static let count = 300_000

        /// A session that moves `count` bytes down, and one more.
        private func move(_ node: UserNode, from source: LoopbackServer, as user: String = "alice") throws {
            let session = try #require(try node.session(user, to: source.port))
            #expect(try session.read(exactly: Self.count).count == Self.count)
        }

        private func source() throws -> LoopbackServer {
            try LoopbackServer { try $0.write(BytePattern.slice(at: 0, count: Self.count)) }
        }

        @Test func `a full disk stops nobody, is told, and what was counted is written once there is room`() throws {
            let disk = try TestDisk(.memory)
            let node = try UserNode(disk: disk)
            let source = try self.source()
            try node.add("alice", #", "quota": 10000000"#)
            try node.add("bob", #", "quota": 700000"#)
            try self.move(node, from: source)
            try disk.fill()
            try self.move(node, from: source)
            for _ in 0..<2 { try self.move(node, from: source, as: "bob") }
            let isTold = Deadline.wait(30) { node.log.contains("the ledger is not written") }
            #expect(isTold, "\(node.log)")
            #expect(throws: (any Error).self) { try node.causeway("user", "topup", "alice", "1 MB") }
            try self.move(node, from: source)
            #expect(try node.user("alice").used == 3 * Self.count)
            // A node that starts on the full disk has lost nothing, and still serves.
            try node.stop()
            try node.restart()
            #expect(try node.user("alice").used == 3 * Self.count)
            // What is not in the ledger is used of the quota, too: there are 100 kB left of it.
            #expect(throws: (any Error).self) { try self.move(node, from: source, as: "bob") }
            #expect(try node.user("bob").used == 700_000)
            try self.move(node, from: source)
            #expect(try node.user("alice").used == 4 * Self.count)
            node.kill()
            try node.restart()
            #expect(try node.user("alice").used == 4 * Self.count)
            try disk.free()
            let isWritten = Deadline.wait(30) {
                (try? node.causeway("user", "topup", "alice", "1 MB")) != nil
            }
            #expect(isWritten, "\(node.log)")
            node.kill()
            try node.restart()
            #expect(try node.user("alice").used == 4 * Self.count)
            #expect(try node.user("alice").left == 11_000_000 - 4 * Self.count)
            try node.stop()
        }

        @Test func `a disk that is gone stops nobody, and the bill goes on in memory`() throws {
            let disk = try TestDisk(.ext4)
            let node = try UserNode(disk: disk)
            let source = try self.source()
            try node.add("alice", #", "quota": 1200000"#)
            try self.move(node, from: source)
            try disk.fail()
            try self.move(node, from: source)
            let isTold = Deadline.wait(30) { node.log.contains("the ledger is not written") }
            #expect(isTold, "\(node.log)")
            for _ in 0..<2 { try self.move(node, from: source) }
            #expect(try node.user("alice").used == 4 * Self.count)
            // The quota, which is used up, holds all the same.
            #expect(try node.session("alice", to: source.port) == nil)
            try node.stop()
        }

        /// A store into a mapped file can need room: on file systems that never write in place, or into a hole as here.
        @Test func `a store that the disk does not take is no end of the node`() throws {
            let disk = try TestDisk(.ext4)
            let node = try UserNode(disk: disk)
            let source = try self.source()
            try node.add("alice", "")
            // The counters, which end the file: those of one loop of one process are 64 KiB. The owners were written.
            let counters = "\(disk.path)/ledger/counters"
            let size = try Command.run(disk.prefix + ["stat", "--format=%s", counters]).outputText
            let columns = 4 * 2 * 65_536
            let offset = try #require(Int(size.trimmingCharacters(in: .whitespacesAndNewlines))) - columns
            let punched = try Command.run(
                disk.prefix + [
                    "fallocate", "--punch-hole", "--offset", "\(offset)", "--length", "\(columns)", counters,
                ]
            )
            #expect(punched.succeeded, "\(punched.errorText)")
            try disk.fill()
            for _ in 0..<4 { try self.move(node, from: source) }
            #expect(try node.user("alice").used == 4 * Self.count)
            let isTold = Deadline.wait(30) {
                let status = (try? node.causeway("status", "--json")) ?? []
                return String(decoding: status, as: UTF8.self)
                    .contains(#""volatile":"the disk does not take what is counted""#)
            }
            #expect(isTold)
            try node.stop()
        }
    }
}
