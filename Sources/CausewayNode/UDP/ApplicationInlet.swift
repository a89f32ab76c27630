import CausewayBytes
import CausewayCore
import CausewayFronts
import CausewayIO
import Glibc

/// The inlet of an association that a SOCKS5 application has asked for (RFC 1928 section 7): a socket of its own, which
/// listens to the host that the application's connection comes from, and from its first datagram on to that port alone.
final class ApplicationInlet: Inlet {
    var memory: Interval { Interval.seconds(0) }

    unowned let association: Association
    private var socket: AssociationSocket
    private let host: IPAddress
    private var isPinned = false

    /// Batches that are taken before others have their turn.
    private static let batches = 8

    init(for association: Association) {
        self.host = association.source.ip
        self.association = association
        self.socket = AssociationSocket()
    }

    /// Where the application is to send its datagrams.
    var address: SocketAddress? { self.socket.localAddress() }

    /// Takes the datagrams of `socket` from now on.
    ///
    /// - Throws: what epoll says.
    func start(_ socket: consuming DatagramSocket) throws(SystemCallError) {
        let (loop, token) = (self.association.worker.loop, self.association.token)
        self.socket = try AssociationSocket(socket, on: loop, to: token, tag: Association.inletTag)
    }

    func ready(by desk: DatagramDesk) {
        let association = self.association
        let batch = desk.batch
        for _ in 0..<Self.batches {
            guard self.socket.isOpen else { return }
            let received = self.socket.receive(batch, on: desk.loop)
            for index in 0..<received.count {
                guard let source = batch.source(index), self.isApplication(source, association) else { continue }
                batch.forEachSegment(index) { Self.take($0, association, by: desk) }
            }
            if received.isAll { return }
        }
        desk.loop.yield(association.token)
    }

    private func isApplication(_ source: SocketAddress, _ association: Association) -> Bool {
        if self.isPinned { return source == association.source }
        guard source.ip == self.host, (try? self.socket.connect(to: source)) != nil else {
            association.counters.countRefused()
            return false
        }
        association.source = source
        self.isPinned = true
        return true
    }

    private static func take(_ datagram: ByteRegion, _ association: Association, by desk: DatagramDesk) {
        guard let (target, payload) = SOCKS5Datagram.parse(datagram) else {
            return association.counters.countRefused()
        }
        association.up(datagram.suffix(from: payload), to: target, by: desk)
    }

    func deliver(_ payload: ByteRegion, from source: Address, by desk: DatagramDesk) {
        guard self.isPinned, self.socket.isOpen else { return }
        let start = 3 + source.encodedCount
        let count = start + payload.count
        guard count <= DatagramQueue.largest else {
            return self.datagramWasNotSent(payload.count, SystemCallError(code: EMSGSIZE, call: "sendmmsg"))
        }
        let room = desk.queue.room(count, for: self.socket.socket)
        room.copy(payload, to: start)
        _ = SOCKS5Datagram.write(source, before: start, in: room)
        desk.queue.append(count, payload: payload.count, to: nil, from: nil, by: self)
    }

    func close() { self.socket.close() }
}
