import CausewayBytes
import CausewayCore
import CausewayIO
import CausewayWire
import Glibc

/// Takes the datagrams of one loop's socket at one of a listener's addresses, and sends the answers.
final class DatagramPort: EventHandler {
    /// Batches that are taken before others have their turn.
    private static let batches = 8

    let address: SocketAddress
    private(set) var socket: DatagramSocket
    /// What the datagrams belong to.
    var listener: Listener {
        didSet { if listener.name != oldValue.name { self.knownTable = nil } }
    }
    unowned let worker: Worker
    /// The desk's, which keeps it: its inlets keep this port.
    private unowned var knownTable: AssociationTable?
    private var token = HandlerToken.none
    /// Whether datagrams are left to wait, until ``release()``.
    private var isHeld = false

    init(_ socket: consuming DatagramSocket, at address: SocketAddress, listener: Listener, worker: Worker) {
        self.address = address
        self.socket = socket
        self.listener = listener
        self.worker = worker
    }

    /// The associations of the listener on this loop.
    var table: AssociationTable {
        if let table = self.knownTable { return table }
        let table = self.worker.datagrams.table(of: self.listener.name)
        self.knownTable = table
        return table
    }

    func start() throws(SystemCallError) {
        self.token = self.worker.loop.register(self)
        try self.worker.loop.add(self.socket.descriptor, .readable, to: self.token, tag: EventLoop.jointTag)
    }

    /// Takes no datagram for the time being: they wait in the socket.
    func hold() { self.isHeld = true }

    /// Takes datagrams again.
    func release() {
        self.isHeld = false
        self.worker.loop.yield(self.token)
    }

    /// Takes no datagram any more, and still sends answers.
    func stopReceiving() {
        self.isHeld = true
        self.worker.loop.remove(self.socket.descriptor)
    }

    /// A second descriptor of the socket, for a process that is to have it too.
    func duplicate() throws(SystemCallError) -> Descriptor { try self.socket.duplicate() }

    /// Takes no more datagrams, and closes the socket. The associations that answer by it are to end before.
    func stop() {
        self.worker.datagrams.queue.flush()
        self.worker.loop.remove(self.socket.descriptor)
        self.worker.loop.deregister(self.token)
        self.socket.close()
    }

    func ready(_ events: ReadyEvents, tag: UInt8) { self.receive() }
    func timerFired(tag: UInt8) {}
    func resumed() { self.receive() }

    private func receive() {
        guard !self.isHeld else { return }
        let worker = self.worker
        let desk = worker.datagrams
        // What is the same for all of them is found once.
        switch self.listener.kind {
        case .tunnel(let tunnel):
            let users = tunnel.hasUsers ? worker.directory.identities(for: tunnel.method) : nil
            let keys = RequestAcceptor.Keys(method: tunnel.method, serverKey: tunnel.key, users: users)
            self.receive(by: desk) { self.takeRequest($0, from: $1, to: $2, keys, by: desk) }
        case .relay(let relay):
            let users = relay.hasUsers ? worker.directory.identities(for: relay.method) : nil
            let keys = RelayAcceptor.Keys(method: relay.method, key: relay.key, users: users, next: relay.identities)
            self.receive(by: desk) { self.takeForRelay($0, from: $1, to: $2, keys, next: relay.next, by: desk) }
        case .forward(let target):
            self.receive(by: desk) { self.takeForward($0, from: $1, to: $2, target, by: desk) }
        case .mixed: break
        }
        desk.settle()
    }

    /// - Parameter take: is given each datagram, where it comes from, and the address that it was sent to.
    private func receive(by desk: DatagramDesk, _ take: (ByteRegion, SocketAddress, IPAddress?) -> Void) {
        for _ in 0..<Self.batches {
            let (count, _) = desk.batch.receive(from: self.socket)
            for index in 0..<count {
                guard let source = desk.batch.source(index) else { continue }
                let local = desk.batch.local(index)
                desk.batch.forEachSegment(index) { take($0, source, local) }
            }
            guard count == DatagramBatch.capacity else { return }
        }
        desk.loop.yield(self.token)
    }

    /// Room in the desk's queue for a datagram of `count` bytes at most to a customer. `nil`, and the sender is told, where
    /// it cannot be sent.
    func room(
        _ count: Int,
        payload: Int,
        for sender: any DatagramSender,
        by desk: DatagramDesk
    ) -> ByteRegion? {
        guard self.socket.isOpen else {
            sender.datagramWasNotSent(payload, SystemCallError(code: ENOTCONN, call: "sendmmsg"))
            return nil
        }
        guard count <= DatagramQueue.largest else {
            sender.datagramWasNotSent(payload, SystemCallError(code: EMSGSIZE, call: "sendmmsg"))
            return nil
        }
        return desk.queue.room(count, for: self.socket)
    }

    /// Queues a datagram to a customer as it is.
    func send(
        _ datagram: ByteRegion,
        to customer: Customer,
        for sender: any DatagramSender,
        by desk: DatagramDesk
    ) {
        let count = datagram.count
        guard let room = self.room(count, payload: count, for: sender, by: desk) else { return }
        room.copy(datagram)
        desk.queue.append(count, payload: count, to: customer.address, from: customer.local, by: sender)
    }

    func refuse(_ refusal: PacketRefusal) {
        self.listener.datagrams[self.worker.number].countRefused()
        self.worker.note(.datagramRefused, refusal.words, at: self.listener.name)
    }
}

/// A customer of a listener that many share: where it is, and by which socket it is answered.
struct Customer {
    var port: DatagramPort
    var address: SocketAddress
    /// The address of ours that it sends to, where the socket has many.
    var local: IPAddress?

    func isSame(as other: Customer) -> Bool {
        self.port === other.port && self.address == other.address && self.local == other.local
    }
}

extension PacketRefusal {
    /// For the log.
    var words: String {
        switch self {
        case .short: "too short"
        case .unknownIdentity: "unknown identity"
        case .replayed: "repeated"
        case .authentication: "not sealed with the key"
        case .type: "wrong type"
        case .timestamp: "not of this minute"
        case .malformed: "malformed"
        case .foreignSession: "of another session"
        }
    }
}
