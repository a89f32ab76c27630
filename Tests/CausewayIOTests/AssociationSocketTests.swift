import CausewayBytes
import Glibc
import TestSupport
import Testing

@testable import CausewayIO

/// The socket of one association: how many datagrams are taken at once, and that none is left behind.
@Suite struct AssociationSocketTests {
    /// Takes what comes, as an association does.
    private final class Reader: EventHandler, DatagramSender {
        let loop: EventLoop
        let batch = DatagramBatch()
        var socket = AssociationSocket()
        var token = HandlerToken.none
        /// How often the loop has said that there is something.
        var told = 0
        var rests = false
        /// What each call has taken.
        var takes: [AssociationSocket.Received] = []
        var datagrams: [[UInt8]] = []
        var onReceived: () -> Void = {}

        init() throws {
            self.loop = try EventLoop()
            self.token = self.loop.register(self)
        }

        func watch(_ socket: consuming DatagramSocket, isShared: Bool = false) throws {
            self.socket = try AssociationSocket(socket, isShared: isShared, on: self.loop, to: self.token, tag: 0)
        }

        func address() throws -> SocketAddress {
            let address = self.socket.localAddress()
            return try #require(address)
        }

        func ready(_ events: ReadyEvents, tag: UInt8) {
            self.told += 1
            self.take()
        }

        func timerFired(tag: UInt8) { self.loop.stop() }
        func resumed() { self.take() }
        func datagramWasNotSent(_ payload: Int, _ error: SystemCallError) { Issue.record("\(error)") }

        private func take() {
            guard !self.rests else { return self.socket.rest(on: self.loop) }
            while true {
                let received = self.socket.receive(self.batch, on: self.loop)
                for index in 0..<received.count {
                    self.batch.forEachSegment(index) { self.datagrams.append($0.array()) }
                }
                self.takes.append(received)
                if received.isAll { break }
            }
            self.onReceived()
        }

        /// Runs the loop until it is stopped, or for so long.
        func run(milliseconds: Int) throws {
            _ = self.loop.schedule(after: .milliseconds(milliseconds), to: self.token, tag: 0)
            try self.loop.run()
        }
    }

    private static let loopback = IPAddress.v4(0x7f00_0001)

    /// Sends bursts to a reader, each when the one before has arrived; the datagrams of one are segments of a row.
    private static func exchange(_ bursts: [Int], with reader: Reader) throws -> [[UInt8]] {
        let sender = try DatagramSocket.open(.v4)
        let address = try reader.address()
        let queue = DatagramQueue()
        var left = bursts
        var sent: [[UInt8]] = []
        let sendNext = { (reader: Reader) in
            guard !left.isEmpty else { return reader.loop.stop() }
            for _ in 0..<left.removeFirst() {
                let bytes = withUnsafeBytes(of: sent.count) { Array($0) }
                sent.append(bytes)
                queue.room(bytes.count, for: sender).copy(bytes)
                queue.append(bytes.count, payload: bytes.count, to: address, from: nil, by: reader)
            }
            queue.flush()
        }
        reader.onReceived = { [unowned reader] in
            if reader.datagrams.count == sent.count { sendNext(reader) }
        }
        sendNext(reader)
        try reader.run(milliseconds: 10_000)
        return sent
    }

    @Test func `who asks and waits for the answer is given one at a time`() throws {
        let reader = try Reader()
        try reader.watch(try DatagramSocket.bound(to: Self.loopback))
        let sent = try Self.exchange([1, 1, 1, 1, 1], with: reader)
        #expect(reader.datagrams == sent && reader.told == 5)
        #expect(reader.takes.allSatisfy { $0.count == 1 && $0.isAll })
    }

    @Test func `where several wait, many are taken at once from then on`() throws {
        let reader = try Reader()
        try reader.watch(try DatagramSocket.bound(to: Self.loopback))
        let sent = try Self.exchange([1, 1, 40, 1, 40, 1], with: reader)
        #expect(reader.datagrams == sent)
        // One, then two, then as many as a batch holds; the next burst comes as one row.
        #expect(reader.takes.contains { $0.count == DatagramBatch.capacity })
        #expect(reader.takes.last?.count == 1 && reader.told < 12)
    }

    @Test func `a socket that several associations share is busy from the start`() throws {
        let reader = try Reader()
        let peer = try DatagramSocket.bound(to: Self.loopback)
        let local = peer.localAddress()
        let address = try #require(local)
        try reader.watch(try DatagramSocket.connected(to: address, isShared: true), isShared: true)
        let queue = DatagramQueue()
        let expected = (0..<20).map { number in [UInt8](repeating: UInt8(number), count: number % 5 + 1) }
        for bytes in expected {
            queue.room(bytes.count, for: peer).copy(bytes)
            queue.append(bytes.count, payload: bytes.count, to: try reader.address(), from: nil, by: reader)
        }
        queue.flush()
        reader.onReceived = { [unowned reader] in
            if reader.datagrams.count == 20 { reader.loop.stop() }
        }
        try reader.run(milliseconds: 10_000)
        #expect(reader.datagrams == expected && reader.takes.first?.count ?? 0 > 1)
    }

    @Test func `who rests is not told again, and finds all when he asks`() throws {
        let reader = try Reader()
        try reader.watch(try DatagramSocket.bound(to: Self.loopback))
        let address = try reader.address()
        let sender = try LoopbackDatagrams()
        for number in 0..<3 { try sender.send([UInt8(number)], to: address.port) }
        reader.rests = true
        try reader.run(milliseconds: 50)
        // Once for what waits, and once because it is watched in another way.
        #expect((1...2).contains(reader.told) && reader.datagrams.isEmpty)
        reader.rests = false
        reader.resumed()
        #expect(reader.datagrams == [[0], [1], [2]])
    }

    @Test func `that nobody listens is told once`() throws {
        let reader = try Reader()
        let free = try LoopbackDatagrams().port
        try reader.watch(try DatagramSocket.connected(to: SocketAddress(ip: Self.loopback, port: free)))
        let queue = DatagramQueue()
        queue.room(1, for: reader.socket.socket).copy([7])
        queue.append(1, payload: 1, to: nil, from: nil, by: reader)
        queue.flush()
        try reader.run(milliseconds: 50)
        #expect(reader.takes.map(\.count) == [0] && reader.takes.first?.error?.code == ECONNREFUSED)
    }
}
