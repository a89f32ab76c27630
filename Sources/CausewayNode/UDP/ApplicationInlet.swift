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
    private var socket: DatagramSocket
    private let host: IPAddress
    private var isPinned = false

    /// Batches that are taken before others have their turn.
    private static let batches = 8

    init(_ socket: consuming DatagramSocket, for association: Association) {
        self.socket = socket
        self.host = association.source.ip
        self.association = association
    }

    /// Where the application is to send its datagrams.
    var address: SocketAddress? { self.socket.localAddress() }

    func start() throws(SystemCallError) {
        let association = self.association
        try association.worker.loop.add(
            self.socket.descriptor,
            .readable,
            to: association.token,
            tag: Association.inletTag
        )
    }

    func ready() {
        let association = self.association
        let batch = association.worker.datagrams.batch
        for _ in 0..<Self.batches {
            guard self.socket.isOpen else { return }
            let (count, _) = batch.receive(from: self.socket)
            for index in 0..<count {
                guard let source = batch.source(index), self.isApplication(source) else { continue }
                batch.forEachSegment(index) { self.take($0) }
            }
            guard count == DatagramBatch.capacity else { return }
        }
        association.worker.loop.yield(association.token)
    }

    private func isApplication(_ source: SocketAddress) -> Bool {
        let association = self.association
        if self.isPinned { return source == association.source }
        guard source.ip == self.host, (try? self.socket.connect(to: source)) != nil else {
            association.counters.countRefused()
            return false
        }
        association.source = source
        self.isPinned = true
        return true
    }

    private func take(_ datagram: ByteRegion) {
        guard let (target, payload) = SOCKS5Datagram.parse(datagram) else {
            return self.association.counters.countRefused()
        }
        self.association.up(datagram.suffix(from: payload), to: target)
    }

    func deliver(_ payload: ByteRegion, from source: Address) {
        guard self.isPinned, self.socket.isOpen else { return }
        let start = 3 + source.encodedCount
        let count = start + payload.count
        guard count <= DatagramQueue.largest else {
            return self.datagramWasNotSent(payload.count, SystemCallError(code: EMSGSIZE, call: "sendmmsg"))
        }
        let queue = self.association.worker.datagrams.queue
        let room = queue.room(count, for: self.socket)
        room.copy(payload, to: start)
        _ = SOCKS5Datagram.write(source, before: start, in: room)
        queue.append(count, payload: payload.count, to: nil, from: nil, by: self)
    }

    func close() { self.socket.close() }
}
