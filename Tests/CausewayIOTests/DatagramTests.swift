import CausewayBytes
import Glibc
import TestSupport
import Testing

@testable import CausewayIO

/// Datagrams in batches over loopback: what is sent arrives as it was, however the kernel puts it together on the way.
@Suite struct DatagramTests {
    private final class Sender: DatagramSender {
        var unsent: [(payload: Int, code: CInt)] = []

        func datagramWasNotSent(_ payload: Int, _ error: SystemCallError) {
            self.unsent.append((payload, error.code))
        }
    }

    private static let loopback = IPAddress.v4(0x7f00_0001)

    private static func address(of socket: borrowing DatagramSocket) throws -> SocketAddress {
        guard let address = socket.localAddress() else { throw TestFailure("no address") }
        return address
    }

    private static func receive(_ socket: borrowing DatagramSocket, _ count: Int) -> [[UInt8]] {
        let batch = DatagramBatch()
        var datagrams: [[UInt8]] = []
        let hasAll = Deadline.wait(10) {
            let (received, _) = batch.receive(from: socket)
            for index in 0..<received { batch.forEachSegment(index) { datagrams.append($0.array()) } }
            return datagrams.count >= count
        }
        #expect(hasAll)
        return datagrams
    }

    private static func append(
        _ bytes: [UInt8],
        to queue: DatagramQueue,
        _ socket: borrowing DatagramSocket,
        _ peer: SocketAddress?,
        by sender: Sender
    ) {
        queue.room(bytes.count, for: socket).copy(bytes)
        queue.append(bytes.count, payload: max(bytes.count - 10, 0), to: peer, from: nil, by: sender)
    }

    @Test(arguments: [true, false], [true, false])
    func `datagrams arrive each for itself, whole and in order`(isConnected: Bool, takesRows: Bool) throws {
        let receiver = try DatagramSocket.bound(to: Self.loopback)
        if takesRows { receiver.takeRows() }
        let address = try Self.address(of: receiver)
        let sender =
            isConnected ? try DatagramSocket.connected(to: address) : try DatagramSocket.open(.v4)
        let queue = DatagramQueue()
        let owner = Sender()
        // Rows of one size, which go as segments of one, and others between them; more than a queue holds.
        var random = SeededGenerator(seed: 3)
        var expected: [[UInt8]] = []
        for (count, times) in [
            (1_200, 70), (1_200, 1), (600, 3), (0, 2), (10, 40), (11, 1), (10, 2), (9_000, 12), (1, 1),
        ] {
            for _ in 0..<times { expected.append(random.bytes(count)) }
        }
        for bytes in expected.prefix(90) {
            Self.append(bytes, to: queue, sender, isConnected ? nil : address, by: owner)
        }
        queue.flush()
        var received = Self.receive(receiver, 90)
        for bytes in expected.dropFirst(90) {
            Self.append(bytes, to: queue, sender, isConnected ? nil : address, by: owner)
        }
        queue.flush()
        received += Self.receive(receiver, expected.count - 90)
        let isSame = received == expected
        #expect(isSame, "\(received.map(\.count)) of \(expected.map(\.count))")
        #expect(owner.unsent.isEmpty)
    }

    @Test func `a queue serves one socket after the other, and each peer gets its own`() throws {
        let first = try DatagramSocket.bound(to: Self.loopback)
        let second = try DatagramSocket.bound(to: .v6(high: 0, low: 1))
        let addresses = (try Self.address(of: first), try Self.address(of: second))
        let v4 = try DatagramSocket.open(.v4)
        let v6 = try DatagramSocket.open(.v6)
        let queue = DatagramQueue()
        let owner = Sender()
        for number in 0..<20 as Range<UInt8> {
            Self.append([number, 4], to: queue, v4, addresses.0, by: owner)
            Self.append([number, 6], to: queue, v6, addresses.1, by: owner)
        }
        queue.flush()
        let (toFirst, toSecond) = (Self.receive(first, 20), Self.receive(second, 20))
        #expect(toFirst == (0..<20).map { [$0, 4] })
        #expect(toSecond == (0..<20).map { [$0, 6] })
        #expect(owner.unsent.isEmpty)
    }

    @Test func `its sender is told of each datagram that the kernel does not take, and only of those`() throws {
        let receiver = try DatagramSocket.bound(to: Self.loopback)
        let address = try Self.address(of: receiver)
        let nowhere = SocketAddress(ip: .v4(0xffff_ffff), port: 9)
        let sender = try DatagramSocket.open(.v4)
        let queue = DatagramQueue()
        let owner = Sender()
        // To everybody at once is not allowed.
        for bytes in [
            [UInt8](repeating: 1, count: 30), [UInt8](repeating: 2, count: 30), [UInt8](repeating: 3, count: 20),
        ] {
            Self.append(bytes, to: queue, sender, nowhere, by: owner)
        }
        Self.append([4], to: queue, sender, address, by: owner)
        queue.flush()
        #expect(owner.unsent.map(\.payload) == [20, 20, 10])
        #expect(owner.unsent.allSatisfy { $0.code == EACCES })
        let received = Self.receive(receiver, 1)
        #expect(received == [[4]])
    }

    @Test func `what several send goes together, and each is told of its own`() throws {
        let receiver = try DatagramSocket.bound(to: Self.loopback)
        let address = try Self.address(of: receiver)
        let nowhere = SocketAddress(ip: .v4(0xffff_ffff), port: 9)
        let sender = try DatagramSocket.open(.v4)
        let queue = DatagramQueue()
        let owners = (Sender(), Sender())
        for number in 0..<6 as Range<UInt8> {
            let owner = number.isMultiple(of: 2) ? owners.0 : owners.1
            Self.append([UInt8](repeating: number, count: 20 + Int(number % 2)), to: queue, sender, nowhere, by: owner)
        }
        for number in 0..<6 as Range<UInt8> {
            let owner = number.isMultiple(of: 2) ? owners.0 : owners.1
            Self.append([UInt8](repeating: number, count: 20), to: queue, sender, address, by: owner)
        }
        queue.flush()
        #expect(owners.0.unsent.map(\.payload) == [10, 10, 10])
        #expect(owners.1.unsent.map(\.payload) == [11, 11, 11])
        let received = Self.receive(receiver, 6)
        #expect(received == (0..<6).map { [UInt8](repeating: $0, count: 20) })
    }

    @Test func `a socket for all addresses says which was asked, and answers from that`() throws {
        let port = try FreePort.next()
        for address in [IPAddress.v4(0), .v6(high: 0, low: 0)] {
            let listener = try DatagramSocket.listening(on: SocketAddress(ip: address, port: port), isWhole: true)
            let client = try LoopbackDatagrams()
            try client.send([1, 2, 3], to: port, at: 0x7f00_0002)
            let batch = DatagramBatch()
            let isThere = Deadline.wait(10) { batch.receive(from: listener).count == 1 }
            #expect(isThere)
            #expect(batch.local(0) == .v4(0x7f00_0002))
            #expect(batch.source(0) == SocketAddress(ip: Self.loopback, port: client.port))
            let queue = DatagramQueue()
            let owner = Sender()
            queue.room(2, for: listener).copy([8, 9])
            queue.append(2, payload: 2, to: batch.source(0), from: batch.local(0), by: owner)
            queue.flush()
            let answer = try #require(client.receive())
            #expect(answer.bytes == [8, 9] && answer.address == 0x7f00_0002 && answer.port == port)
        }
    }

    @Test func `that nobody listens is told once, and what waits is received all the same`() throws {
        let free = try LoopbackDatagrams().port
        let socket = try DatagramSocket.connected(to: SocketAddress(ip: Self.loopback, port: free))
        let queue = DatagramQueue()
        let owner = Sender()
        Self.append([1], to: queue, socket, nil, by: owner)
        queue.flush()
        let batch = DatagramBatch()
        let isRefused = Deadline.wait(10) { batch.receive(from: socket).error?.code == ECONNREFUSED }
        #expect(isRefused)
        let next = batch.receive(from: socket)
        #expect(next.count == 0 && next.error == nil)
    }
}
