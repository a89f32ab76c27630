import CausewayAdmin
import CausewayIO
import Glibc
import Synchronization
import TestSupport
import Testing

@testable import CausewayNode

/// A rate that sockets have together where the kernel does not share it: seen by what the kernel paces them at.
@Suite(.serialized) struct CongestionTests {
    private static func text(port: UInt16, listener: String, exit: String = "") -> String {
        """
        listeners: [{ name: in, type: mixed, address: "127.0.0.1:\(port)", exit: out\(listener) }]
        exits: [{ name: out, type: direct, allow: [127.0.0.0/8]\(exit) }]
        loops: 2

        """
    }

    private static func congestion(_ rate: String, _ algorithm: String = "reno", _ share: String = "link") -> String {
        ", congestion: { algorithm: \(algorithm), rate: \(rate), share: \(share), fallback: [] }"
    }

    /// What the kernel has of the sockets of one side of all sessions, in ascending order.
    private func sockets(
        of node: LocalNode,
        far: Bool = false
    ) -> (pacing: [UInt64], algorithms: Set<String>) {
        let found = Mutex<(pacing: [UInt64], algorithms: Set<String>)>(([], []))
        let isDone = Mutex(0)
        let count = node.node.shared.loops.execute { worker in
            worker.loop.forEachHandler { handler in
                guard let session = handler as? Session else { return }
                let descriptor = far ? session.far.socket.descriptor : session.near.socket.descriptor
                var (rate, size) = (UInt64(0), socklen_t(8))
                getsockopt(descriptor, SOL_SOCKET, 47, &rate, &size)
                var name = [UInt8](repeating: 0, count: 16)
                size = 16
                getsockopt(descriptor, CInt(IPPROTO_TCP), TCP_CONGESTION, &name, &size)
                let text = String(decoding: name.prefix { $0 != 0 }, as: UTF8.self)
                found.withLock {
                    $0.pacing.append(rate)
                    $0.algorithms.insert(text)
                }
            }
            isDone.withLock { $0 += 1 }
        }
        _ = Deadline.wait(10) { isDone.withLock { $0 } == count }
        return found.withLock { ($0.pacing.sorted(), $0.algorithms) }
    }

    private func sessions(_ count: Int, _ port: UInt16, _ echo: LoopbackServer) throws -> [LoopbackSocket] {
        try (0..<count).map { _ in
            let session = try LoopbackSocket.session(via: port, to: echo.port)
            try session.write([1])
            _ = try session.read(exactly: 1)
            return session
        }
    }

    @Test func `sockets of a link share its rate, over all loops, as they come and go`() throws {
        let echo = try LoopbackServer.echo()
        let port = try FreePort.next()
        let node = try LocalNode(Self.text(port: port, listener: Self.congestion("80 Mbit/s")))
        var sessions = try self.sessions(1, port, echo)
        let isAlone = Deadline.wait(20) { self.sockets(of: node).pacing == [10_000_000] }
        #expect(isAlone)
        sessions += try self.sessions(7, port, echo)
        let isShared = Deadline.wait(20) { self.sockets(of: node).pacing == Array(repeating: 1_250_000, count: 8) }
        #expect(isShared, "\(self.sockets(of: node))")
        #expect(self.sockets(of: node).algorithms == ["reno"])
        for session in sessions.dropFirst(2) { session.close() }
        let isGivenBack = Deadline.wait(20) { self.sockets(of: node).pacing == [5_000_000, 5_000_000] }
        #expect(isGivenBack, "\(self.sockets(of: node))")
    }

    @Test func `a reload reaches sockets that are there, also the first that says something`() throws {
        let echo = try LoopbackServer.echo()
        let port = try FreePort.next()
        let node = try LocalNode(Self.text(port: port, listener: ""))
        let sessions = try self.sessions(2, port, echo)
        #expect(Set(self.sockets(of: node).pacing) == [.max])
        try node.reload(
            Self.text(
                port: port,
                listener: Self.congestion("80 Mbit/s"),
                exit: Self.congestion("8 Mbit/s", "reno", "socket")
            )
        )
        let isNear = Deadline.wait(20) { self.sockets(of: node).pacing == [5_000_000, 5_000_000] }
        let isFar = Deadline.wait(20) { self.sockets(of: node, far: true).pacing == [1_000_000, 1_000_000] }
        #expect(isNear && isFar, "\(self.sockets(of: node)) \(self.sockets(of: node, far: true))")
        try node.reload(Self.text(port: port, listener: Self.congestion("160 Mbit/s", "cubic")))
        let isOther = Deadline.wait(20) {
            let now = self.sockets(of: node)
            return now.pacing == [10_000_000, 10_000_000] && now.algorithms == ["cubic"]
        }
        #expect(isOther, "\(self.sockets(of: node))")
        withExtendedLifetime(sessions) {}
    }

    @Test func `a user's sockets share the rate of its plan, also when that changes`() throws {
        let echo = try LoopbackServer.echo()
        let port = try FreePort.next()
        func text(_ rates: String) -> String {
            """
            listeners:
              - { name: in, type: mixed, address: "127.0.0.1:\(port)", users: true, exit: out,
                  congestion: { algorithm: reno, share: user } }
            exits: [{ name: out, type: direct, allow: [127.0.0.0/8] }]
            users: [{ name: alice, password: alice\(rates) }, { name: bob, password: bob }]
            loops: 2

            """
        }
        let node = try LocalNode(text(", rate_down: 80 Mbit/s"))
        let sessions = try ["alice", "alice", "bob"].map { name in
            let session = try LoopbackSocket.session(via: port, to: echo.port, user: name)
            try session.write([1])
            _ = try session.read(exactly: 1)
            return session
        }
        let isPlan = Deadline.wait(20) { self.sockets(of: node).pacing == [5_000_000, 5_000_000, .max] }
        #expect(isPlan, "\(self.sockets(of: node))")
        try node.reload(text(", rate_down: 16 Mbit/s"))
        let isOther = Deadline.wait(20) { self.sockets(of: node).pacing == [1_000_000, 1_000_000, .max] }
        #expect(isOther, "\(self.sockets(of: node))")
        withExtendedLifetime(sessions) {}
    }

    @Test func `the status says what is in force, why, and how many sockets there are`() throws {
        let echo = try LoopbackServer.echo()
        let port = try FreePort.next()
        let text = Self.text(
            port: port,
            listener: ", congestion: { algorithm: no-such, rate: 8 Mbit/s, fallback: [reno] }",
            exit: Self.congestion("1 Mbit/s", "reno", "socket")
        )
        let node = try LocalNode(text)
        let census = CongestionCensus(loops: node.node.shared.loops, plan: node.node.plan.present)
        #expect(census.take().map(\.inForce) == [nil, nil])
        let sessions = try self.sessions(3, port, echo)
        let places = census.take()
        #expect(places.map(\.side) == ["listener", "exit"] && places.map(\.sockets) == [3, 3])
        #expect(places.map(\.inForce) == ["reno", "reno"] && places.map(\.asked) == ["no-such", "reno"])
        #expect(places.map(\.reason) == ["the kernel has no no-such", nil])
        #expect(places.map(\.ratePerSocket) == [8_000_000 / 3, 1_000_000])
        #expect(places.map(\.share) == ["link", "socket"] && places.map(\.rate) == [8_000_000, 1_000_000])
        for session in sessions { session.close() }
        let areGone = Deadline.wait(20) { census.take().map(\.sockets) == [0, 0] }
        #expect(areGone)
    }
}
