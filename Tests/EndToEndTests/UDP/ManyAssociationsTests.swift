import TestSupport
import Testing

extension EndToEnd {
    /// Very many associations at one node: what they take, and that all of it is given back.
    @Suite struct ManyAssociationsTests {
        /// Bytes of a node's own memory for an association with its socket, its window and its place in the tables.
        private static let memoryAtMost = 3_000

        @Test func `an association takes little memory, and gives back what it took`() throws {
            TestSize.allowManyDescriptors()
            // A node keeps two descriptors for each, and a system grants a process 20,000 here.
            let most = min(10_000, (TestSize.descriptorLimit - 2_000) / 2)
            try #require(most >= 100, "a process may have \(TestSize.descriptorLimit) descriptors; 2,200 are the least")
            let count = min(most, TestSize.choose(full: 10_000, short: 1_000))
            let directory = try TemporaryDirectory()
            let port = try FreePort.next()
            let echo = try DatagramEcho()
            let socket = directory.file("admin.sock")
            let node = try Node(
                """
                listeners: [{ name: in, type: forward, address: "127.0.0.1:\(port)", target: "127.0.0.1:\(echo.port)",
                    exit: out, timeouts: { udp: 40 s } }]
                exits: [{ name: out, type: direct, allow: [127.0.0.0/8] }]
                admin: { socket: \(socket) }
                loops: 2

                """,
                listeningOn: [port]
            )
            // The first ones fetch what all need.
            let first = try (0..<100).map { _ in try LoopbackDatagrams() }
            try Self.exchange(first, port)
            let before = (memory: node.status.residentBytes, descriptors: node.status.descriptorCount)
            try Self.come(count, to: port)
            let after = (memory: node.status.residentBytes, descriptors: node.status.descriptorCount)
            #expect(try Self.associations(socket) == count + 100)
            // Each has one socket, of the family that it uses; a connection to the admin API may be closed in between.
            let sockets = after.descriptors - before.descriptors
            #expect((count - 2...count + 2).contains(sockets), "\(sockets)")
            let each = (after.memory - before.memory) / count
            print("each of \(count) associations takes \(each) bytes of resident memory")
            // A sanitizer's shadow of the memory would be counted too.
            if !TestSize.isShort { #expect(each <= Self.memoryAtMost) }
            let hasEnded = Deadline.wait(120) { (try? Self.associations(socket)) == 0 }
            #expect(hasEnded)
            let areClosed = Deadline.wait(20) { node.status.descriptorCount <= before.descriptors - 100 }
            #expect(areClosed, "\(node.status.descriptorCount), \(before.descriptors) before")
            // The same again takes nothing new.
            try Self.come(count, to: port)
            let again = node.status.residentBytes
            if !TestSize.isShort {
                let most = after.memory + (after.memory - before.memory) / 4 + (4 << 20)
                #expect(again < most, "\(again) after \(after.memory)")
            }
            try node.stop()
        }

        /// Comes from so many addresses: ports of more than one address, as none has so many that are free.
        private static func come(_ count: Int, to port: UInt16) throws {
            var left = count
            var address: UInt32 = 0x7f01_0001
            while left > 0 {
                // All at once, for a port that is given back is given out again.
                let customers = try (0..<min(left, 100)).map { _ in try LoopbackDatagrams(address: address) }
                try Self.exchange(customers, port)
                left -= customers.count
                address += 1
            }
        }

        /// All send before any is heard, so that it takes little time beside that of an idle association.
        private static func exchange(_ customers: [LoopbackDatagrams], _ port: UInt16) throws {
            for customer in customers { try customer.send([7], to: port) }
            for customer in customers where customer.receive()?.bytes != [7] { throw TestFailure("no answer") }
        }

        private static func associations(_ socket: String) throws -> Int {
            try EntryStatus(of: socket).listeners.first?.udp?.associations ?? -1
        }
    }
}
