import TestSupport
import Testing

extension EndToEnd {
    /// The bill of datagrams, on a node that sees on both sides the very bytes that are billed.
    @Suite struct DatagramQuotaTests {
        @Test func `a quota is never exceeded, and when it is used up the association ends`() throws {
            let node = try UserNode()
            try node.add("alice", #","quota":20000"#)
            let echo = try DatagramEcho()
            let association = try SocksAssociation(via: node.port, user: "alice")
            for count in [0, 500, 1_500, 3_000] {
                try association.exchange(BytePattern.slice(at: count, count: count), with: echo.port)
            }
            #expect(try node.user("alice").used == 10_000)
            // What does not fit any more goes no farther, and what does still goes.
            association.socket.setPatience(seconds: 1)
            try association.send(BytePattern.slice(at: 0, count: 10_001), to: echo.port)
            #expect(association.receive() == nil)
            #expect(try node.user("alice").used == 10_000)
            association.socket.setPatience(seconds: 10)
            try association.exchange(BytePattern.slice(at: 0, count: 5_000), with: echo.port)
            #expect(try node.user("alice").used == 20_000)
            try? association.send([1], to: echo.port)
            #expect(association.control.read() != .silence)
            #expect(throws: TestFailure.self) { try SocksAssociation(via: node.port, user: "alice") }
            #expect(try node.user("alice").used == 20_000)
            try node.stop()
        }

        @Test func `a quota that is used up among datagrams that wait for a name ends the association once`() throws {
            let dns = try DNSServer()
            defer { dns.stop() }
            let node = try UserNode(options: "dns: { servers: [\"127.0.0.53:\(dns.port)\"] }\n")
            try node.add("alice", #","quota":2"#)
            try node.add("bob", "")
            let echo = try DatagramEcho()
            let association = try SocksAssociation(via: node.port, user: "alice")
            for number in 0..<10 as Range<UInt8> {
                try association.send([number], to: echo.port, named: "later.example")
            }
            let isAsked = Deadline.wait(10) { dns.queries("later.example/A") > 0 }
            #expect(isAsked)
            dns.release()
            #expect(association.control.read() != .silence)
            #expect(try node.user("alice").used == 2)
            // Nobody else has noticed.
            try SocksAssociation(via: node.port, user: "bob").exchange([1], with: echo.port)
            try node.stop()
        }

        @Test func `who is removed or disabled loses the association at once, and nobody else does`() throws {
            let node = try UserNode()
            try node.add("alice", "")
            try node.add("bob", "")
            try node.add("carol", "")
            let echo = try DatagramEcho()
            let associations = try ["alice", "bob", "carol"].map { try SocksAssociation(via: node.port, user: $0) }
            for association in associations { try association.exchange([1], with: echo.port) }
            try node.causeway("user", "remove", "alice", "--yes")
            try node.causeway("user", "set", "bob", "--disable-access")
            #expect(associations[0].control.read() != .silence)
            #expect(associations[1].control.read() != .silence)
            try associations[2].exchange([2], with: echo.port)
            #expect(try node.user("carol").used == 4)
            try node.stop()
        }

        @Test func `what the bill says is there after SIGKILL`() throws {
            let node = try UserNode()
            try node.add("alice", "")
            let echo = try DatagramEcho()
            let association = try SocksAssociation(via: node.port, user: "alice")
            for _ in 0..<100 { try association.exchange(BytePattern.slice(at: 0, count: 1_000), with: echo.port) }
            node.kill()
            try node.restart()
            #expect(try node.user("alice").used == 200_000)
            try node.stop()
        }
    }
}
