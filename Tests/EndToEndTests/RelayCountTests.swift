import TestSupport
import Testing

extension EndToEnd {
    /// The bill of a blind relay: what it has counted is what went over its sockets. The test plays customers and exit,
    /// and so knows every byte.
    @Suite struct RelayCountTests {
        private static let headerCount = 16

        private struct World {
            let exit: CountingExit
            let relay: Node
            let port: UInt16
            let headers: [[UInt8]]
            let socket: String
            private let directory: TemporaryDirectory

            init(sessions: Int) throws {
                TestSize.allowManyDescriptors()
                let entry = Entry(to: .singleUser(.aes128))
                self.exit = try CountingExit()
                self.directory = try TemporaryDirectory()
                self.socket = self.directory.file("admin.sock")
                self.port = try FreePort.next()
                self.relay = try Node(
                    entry.relay(
                        port: self.port,
                        servers: [self.exit.server.port],
                        hasUsers: true,
                        group: ", check: off",
                        more: "admin: { socket: \(self.socket) }"
                    ),
                    listeningOn: [self.port]
                )
                self.headers = try HeaderSource(entry).take(sessions)
            }

            /// What the relay has counted, once no session is left.
            func bill() throws -> EntryStatus.Listener {
                let hasSettled = Deadline.wait(30) {
                    (try? EntryStatus(of: self.socket).sessions.live) == 0 && self.exit.server.openCount == 0
                }
                #expect(hasSettled, "sessions stay open")
                guard let listener = try EntryStatus(of: self.socket).listeners.first else {
                    throw TestFailure("no listener")
                }
                return listener
            }
        }

        private enum Ending: CaseIterable {
            case clientFirst, exitFirst, clientReset, exitReset
        }

        /// Small ones mostly, and some beyond what is copied.
        private static func size(_ random: inout SeededGenerator) -> Int {
            switch random.next() % 10 {
            case 0: Int.random(in: 100_000...1_000_000, using: &random)
            case 1...3: Int.random(in: 1_000...100_000, using: &random)
            default: Int.random(in: 0...1_000, using: &random)
            }
        }

        /// Resets come when what went before has arrived, so that every byte was delivered.
        @Test func `bytes counted are bytes delivered, exactly`() throws {
            let world = try World(sessions: TestSize.choose(full: 1_000, short: 100))
            var random = SeededGenerator(seed: 2_026)
            var down = 0
            var up = 0
            for header in world.headers {
                let ending = Ending.allCases.randomElement(using: &random) ?? .clientFirst
                let order = CountingExit.Order(
                    upload: Self.size(&random),
                    answer: Self.size(&random),
                    reset: ending == .exitReset ? .whenTold : .never
                )
                let session = try LoopbackSocket(connectingTo: world.port)
                try session.write(header + order.bytes + random.bytes(order.upload))
                up += Self.headerCount + CountingExit.Order.count + order.upload
                down += order.answer
                switch ending {
                case .clientFirst, .exitFirst:
                    if ending == .clientFirst { session.finishWriting() }
                    let (bytes, end) = session.readToEnd()
                    #expect(bytes.count == order.answer && end == .end)
                case .clientReset:
                    #expect(try session.read(exactly: order.answer).count == order.answer)
                    #expect(Deadline.wait(20) { world.exit.received == up })
                    session.reset()
                case .exitReset:
                    #expect(try session.read(exactly: order.answer).count == order.answer)
                    try session.write([1])
                    up += 1
                    #expect(session.read() == .reset)
                }
                #expect(Deadline.wait(20) { world.exit.received == up })
            }
            let bill = try world.bill()
            #expect(bill.total == UInt64(world.headers.count) && bill.refused == 0)
            #expect(bill.bytes_up == UInt64(up))
            #expect(bill.bytes_down == UInt64(down))
            try world.relay.stop()
        }

        /// What is on its way when a reset comes may have been counted or not: never more than was sent, and never less
        /// than has arrived.
        @Test func `resets in the middle leave the bill between what arrived and what was sent`() throws {
            let world = try World(sessions: TestSize.choose(full: 300, short: 60))
            var random = SeededGenerator(seed: 11)
            var arrived = 0
            var sent = 0
            for header in world.headers {
                let isExits = random.next() % 2 == 0
                let order = CountingExit.Order(
                    upload: Self.size(&random),
                    answer: Self.size(&random),
                    reset: isExits ? .atOnce : .never
                )
                let session = try LoopbackSocket(connectingTo: world.port)
                try session.write(header + order.bytes + random.bytes(order.upload))
                sent += Self.headerCount + CountingExit.Order.count + order.upload
                if isExits {
                    arrived += session.readToEnd().bytes.count
                } else {
                    arrived += try session.read(exactly: Int.random(in: 0...order.answer, using: &random)).count
                    session.reset()
                }
            }
            let bill = try world.bill()
            #expect(bill.bytes_up >= UInt64(world.exit.received) && bill.bytes_up <= UInt64(sent))
            #expect(bill.bytes_down >= UInt64(arrived) && bill.bytes_down <= UInt64(world.exit.sent))
            try world.relay.stop()
        }
    }
}
