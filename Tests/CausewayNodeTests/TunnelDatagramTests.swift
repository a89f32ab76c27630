import CausewayCrypto
import CausewayWire
import TestSupport
import Testing

@testable import CausewayNode

/// Sessions of datagrams at a `tunnel` listener with several loops: what moves them, what ends them, and what changes
/// nothing.
@Suite(.serialized) struct TunnelDatagramTests {
    private static func exit(port: UInt16, more: String = "") -> String {
        """
        listeners:
          - name: public
            type: tunnel
            address: "127.0.0.1:\(port)"
            method: 2022-blake3-aes-128-gcm
            key: "\(RawClient.keyText)"
            exit: out
            \(more)
        exits:
          - { name: out, type: direct, allow: ["127.0.0.0/8"] }
        loops: 4
        """
    }

    private struct World {
        let port: UInt16
        let node: LocalNode
        let echo: DatagramEcho

        init(more: String = "") throws {
            self.port = try FreePort.next()
            self.node = try LocalNode(TunnelDatagramTests.exit(port: self.port, more: more))
            self.echo = try DatagramEcho()
        }

        var counters: DatagramCounters.Totals {
            DatagramCounters.totals(self.node.node.plan.present.listeners[0].datagrams)
        }

        /// Sends from `socket` and takes the answer there.
        func exchange(_ client: RawPackets, _ number: UInt64, from socket: LoopbackDatagrams) throws -> PacketID {
            let payload = BytePattern.slice(at: Int(number), count: 40)
            try socket.send(client.request(number, payload, to: self.echo.port), to: self.port)
            guard let answer = socket.receive() else { throw TestFailure("no answer to datagram \(number)") }
            let opened = try client.open(answer.bytes)
            #expect(opened.payload == payload)
            return opened.id
        }
    }

    @Test func `a client whose address changes keeps its session, whichever loop hears it`() throws {
        let world = try World()
        let client = try RawPackets(session: 77)
        let sockets = try (0..<24).map { _ in try LoopbackDatagrams() }
        var ids: [PacketID] = []
        for (number, socket) in sockets.enumerated() {
            ids.append(try world.exchange(client, UInt64(2 * number), from: socket))
        }
        // And back: with earlier numbers, which are still within the window.
        for (number, socket) in sockets.enumerated().reversed() {
            ids.append(try world.exchange(client, UInt64(2 * number + 1), from: socket))
        }
        #expect(Set(ids.map(\.session)).count == 1)
        #expect(ids.map(\.number) == Array(0..<48))
        #expect(world.echo.senderPorts.count == 1)
        #expect(world.counters.begun == 1 && world.counters.live == 1)
    }

    @Test func `what is repeated, stale, short or foreign changes nothing, from wherever it comes`() throws {
        let world = try World()
        let client = try RawPackets(session: 5)
        let socket = try LoopbackDatagrams()
        _ = try world.exchange(client, 10, from: socket)
        let stranger = try RawPackets(session: 5, userKey: Secret(Array(0x60...0x6f)))
        let good = client.request(10, [1], to: world.echo.port)
        var changed = client.request(11, [1], to: world.echo.port)
        changed[changed.count - 1] ^= 1
        let now = RawPackets.clock
        let bad = [
            good,
            client.request(11, [1], to: world.echo.port, timestamp: now - 40),
            client.request(11, [1], to: world.echo.port, timestamp: now + 40),
            client.request(11, [1], to: world.echo.port, timestamp: now &+ 1 << 63),
            stranger.request(11, [1], to: world.echo.port),
            changed,
            Array(good.prefix(47)),
            Array(good.prefix(16)),
            [],
            [0],
        ]
        let before = world.counters
        for (count, datagram) in bad.enumerated() {
            // From other addresses too: answers must not go there.
            let other = try LoopbackDatagrams(patience: 0.05)
            try other.send(datagram, to: world.port)
            let isRefused = Deadline.wait(10) { world.counters.refused == before.refused + UInt64(count) + 1 }
            #expect(isRefused, "datagram \(count) of \(datagram.count) bytes")
            #expect(other.receive() == nil)
        }
        let after = world.counters
        #expect(after.begun == before.begun && after.live == before.live)
        #expect(after.up == before.up && after.down == before.down && after.dropped == before.dropped)
        // The number of those that were refused is still good, and answers come where they came before.
        #expect(try world.exchange(client, 11, from: socket).number == 1)
        #expect(world.echo.senderPorts.count == 1)
    }

    @Test func `sessions of many clients do not mix, in whatever order their datagrams come`() throws {
        let world = try World()
        var random = SeededGenerator(seed: 11)
        let clients = try (1...40).map { try RawPackets(session: $0) }
        let sockets = try clients.map { _ in try LoopbackDatagrams() }
        var numbers = clients.flatMap { client in (0..<20).map { (client.session, UInt64($0)) } }
        numbers.shuffle(using: &random)
        for (session, number) in numbers {
            let index = Int(session) - 1
            _ = try world.exchange(clients[index], number, from: sockets[index])
        }
        #expect(world.counters.begun == 40 && world.counters.up == 800 && world.counters.down == 800)
        #expect(world.echo.senderPorts.count == 40)
    }

    @Test func `silence gives the socket back, and what comes afterwards goes on with the session`() throws {
        let world = try World(more: "timeouts: { udp: 1 s }")
        let client = try RawPackets(session: 9)
        let socket = try LoopbackDatagrams()
        let first = try world.exchange(client, 0, from: socket)
        let exit = world.node.node.plan.present.exits[0]
        let isSilent = Deadline.wait(20) {
            DatagramCounters.totals(exit.datagrams).live == 0 && world.node.sessionCount == 0
        }
        #expect(isSilent)
        // What was taken is remembered all the same.
        try socket.send(client.request(0, [1], to: world.echo.port), to: world.port)
        let isRefused = Deadline.wait(10) { world.counters.refused == 1 }
        #expect(isRefused)
        let second = try world.exchange(client, 1, from: socket)
        #expect(second.session == first.session && second.number == 1)
        #expect(world.echo.senderPorts.count == 2 && world.counters.begun == 1)
    }

    @Test func `a reload keeps associations, but for those of a listener that takes no datagrams any more`() throws {
        let world = try World()
        let client = try RawPackets(session: 3)
        let socket = try LoopbackDatagrams()
        let first = try world.exchange(client, 0, from: socket)
        try world.node.reload(Self.exit(port: world.port, more: "timeouts: { udp: 200 s }"))
        #expect(try world.exchange(client, 1, from: socket).session == first.session)
        #expect(world.echo.senderPorts.count == 1)
        try world.node.reload(Self.exit(port: world.port, more: "udp: false"))
        let hasEnded = Deadline.wait(10) { world.counters.live == 0 && world.node.sessionCount == 0 }
        #expect(hasEnded)
        // The address is free again.
        let other = try LoopbackDatagrams(port: world.port)
        #expect(other.port == world.port)
    }

    @Test func `with no place left, those make room that have been silent for longest`() throws {
        let port = try FreePort.next()
        let node = try LocalNode(
            Self.exit(port: port).replacing("loops: 4", with: "loops: 1\nlimits: { sessions: 8 }")
        )
        let echo = try DatagramEcho()
        let socket = try LoopbackDatagrams()
        for session in 1...100 as ClosedRange<UInt64> {
            let client = try RawPackets(session: session)
            try socket.send(client.request(0, [1], to: echo.port), to: port)
            let answer = try #require(socket.receive())
            #expect(try client.open(answer.bytes).payload == [1])
        }
        let totals = DatagramCounters.totals(node.node.plan.present.listeners[0].datagrams)
        #expect(totals.begun == 100 && totals.live == 8 && node.sessionCount == 8)
    }
}
