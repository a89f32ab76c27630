import Glibc
import Synchronization
import TestSupport
import Testing

extension EndToEnd {
    @Suite struct QuotaTests {
        private static let quota = TestSize.choose(full: 50_000_000, short: 5_000_000)

        private final class Sum: Sendable {
            let bytes = Atomic<Int>(0)
            let refusals = Atomic<Int>(0)
        }

        /// Sessions that download until the user is refused.
        @Test(arguments: [1, 10, TestSize.choose(full: 1_000, short: 100)])
        func `a quota is used to its last byte and never exceeded`(connections: Int) throws {
            let node = try UserNode()
            try node.add("alice", #","quota":\#(Self.quota)"#)
            try node.add("bob", "")
            let share = max(Self.quota / connections + 10_000, 100_000)
            let source = try LoopbackServer { connection in try BytePattern.send(share, to: connection) }
            let echo = try LoopbackServer.echo()
            let bob = try #require(try node.session("bob", to: echo.port))
            var received = 0
            var sessions = try (0..<connections).compactMap { _ in try node.session("alice", to: source.port) }
            #expect(!sessions.isEmpty)
            // Until nobody is let in any more; what a session had taken and could not deliver is there for the next.
            let deadline = Deadline(seconds: 120)
            while !sessions.isEmpty, !deadline.hasPassed {
                for session in sessions { received += session.readToEnd().bytes.count }
                sessions = try node.session("alice", to: source.port).map { [$0] } ?? []
            }
            #expect(sessions.isEmpty)
            let hasEnded = Deadline.wait(30) { (try? node.user("alice").connections) == 0 }
            #expect(hasEnded)
            let alice = try node.user("alice")
            #expect(alice.used == Self.quota && alice.left == 0 && alice.state == "quota used up")
            #expect(received <= Self.quota)
            // The other user has noticed nothing, and a top-up holds at once.
            try bob.write([1, 2, 3])
            #expect(try bob.read(exactly: 3) == [1, 2, 3])
            try node.causeway("user", "topup", "alice", "1 MB")
            let again = try #require(try node.session("alice", to: echo.port))
            try again.write([7])
            #expect(try again.read(exactly: 1) == [7])
            try node.stop()
        }

        /// What is on the bill when the quota ends is on its way, and arrives before the sessions are reset.
        @Test func `who pays for the last byte gets it`() throws {
            let node = try UserNode()
            let quota = 1_500_000
            var endings: [String] = []
            // A customer has 700 ms to take what is on its way, which a machine with other things to do may not give it.
            for attempt in 0..<5 where endings.count == attempt {
                let isSent = Gate()
                let source = try LoopbackServer { connection in
                    try connection.write(BytePattern.slice(at: 0, count: quota + 1))
                    isSent.open()
                }
                try node.add("alice\(attempt)", #","quota":\#(quota)"#)
                let session = try #require(try node.session("alice\(attempt)", to: source.port))
                // Nobody reads yet, so most of it is still in the node's socket when the quota ends.
                isSent.wait()
                usleep(100_000)
                let (bytes, ending) = session.readToEnd()
                let used = try node.user("alice\(attempt)").used
                #expect(used <= quota && bytes.count <= used)
                if bytes.count < quota || ending != .reset { endings.append("\(bytes.count) of \(used), \(ending)") }
            }
            #expect(endings.count < 5, "\(endings)")
            try node.stop()
        }

        @Test func `what ends a user's right ends the sessions that are idle, and nobody else's`() throws {
            let node = try UserNode()
            let echo = try LoopbackServer.echo()
            try node.add("bob", "")
            let bob = try #require(try node.session("bob", to: echo.port))
            for end in ["disable", "remove", "quota"] {
                try node.add("alice", #","quota":1000000"#)
                let alice = try #require(try node.session("alice", to: echo.port))
                try alice.write([1])
                #expect(try alice.read(exactly: 1) == [1])
                switch end {
                case "disable": try node.causeway("user", "set", "alice", "--disable-access")
                case "quota": try node.causeway("user", "set", "alice", "--quota", "1 B")
                default: try node.causeway("user", "remove", "alice", "--yes")
                }
                #expect(alice.read() == .reset, "\(end)")
                let refused = try node.session("alice", to: echo.port) == nil
                #expect(refused, "\(end)")
                if end != "remove" { try node.causeway("user", "remove", "alice", "--yes") }
            }
            try bob.write([1, 2])
            #expect(try bob.read(exactly: 2) == [1, 2])
            try node.stop()
        }

        @Test func `no more connections than the plan allows, and a place is free when one ends`() throws {
            let node = try UserNode()
            let echo = try LoopbackServer.echo()
            try node.add("alice", #","connections":2"#)
            let first = try #require(try node.session("alice", to: echo.port))
            let second = try #require(try node.session("alice", to: echo.port))
            let third = try node.session("alice", to: echo.port)
            #expect(third == nil)
            first.close()
            let isFree = Deadline.wait(30) { (try? node.user("alice").connections) == 1 }
            #expect(isFree)
            let fourth = try node.session("alice", to: echo.port)
            #expect(fourth != nil)
            withExtendedLifetime((second, fourth)) {}
            try node.stop()
        }
    }
}
