public import CausewayBytes

/// The socket that one association has, or several share, watched by its loop, and how its datagrams are taken.
///
/// Who asks and waits for the answer has one datagram at a time here, and taking it by a call for one costs the kernel
/// half of what one for many does. When several wait in one turn after the other, the socket becomes busy, for good:
/// from then on many are taken at once, and what comes in a row as one (UDP_GRO).
public struct AssociationSocket: ~Copyable {
    /// Where to send from.
    public private(set) var socket: DatagramSocket
    private let tag: UInt8
    private var isBusy: Bool
    private let token: HandlerToken
    /// The loop's turn in which it was asked for a datagram last.
    private var lastTurn: UInt32 = 0

    /// What was taken at once.
    public struct Received {
        /// Datagrams, or rows of them, in the batch.
        public var count: Int
        /// An error of the socket that was passed over.
        public var error: SystemCallError?
        /// Whether the handler need not come back before it is told that there is more.
        public var isAll: Bool
    }

    /// No socket.
    public init() {
        self.socket = DatagramSocket()
        self.token = .none
        self.tag = 0
        self.isBusy = false
    }

    /// Has `loop` watch a socket, which is closed where that fails.
    ///
    /// - Parameter isShared: whether the socket is one of several associations, which is busy from the start.
    /// - Throws: what epoll says.
    public init(
        _ socket: consuming DatagramSocket,
        isShared: Bool = false,
        on loop: EventLoop,
        to token: HandlerToken,
        tag: UInt8
    ) throws(SystemCallError) {
        // Told in every turn, nobody has to ask whether that was all.
        try loop.add(socket.descriptor, .readable, isRepeated: !isShared, to: token, tag: tag)
        self.socket = socket
        self.token = token
        self.tag = tag
        self.isBusy = isShared
    }

    public var isOpen: Bool { self.socket.isOpen }

    /// Takes what waits, or as much of it as a turn is good for.
    public mutating func receive(_ batch: DatagramBatch, on loop: EventLoop) -> Received {
        if self.isBusy {
            let (count, error) = batch.receive(from: self.socket)
            return Received(count: count, error: error, isAll: count < DatagramBatch.capacity)
        }
        let comesAgain = loop.isNext(after: self.lastTurn)
        self.lastTurn = loop.turn
        let (count, error) = batch.receiveOne(0, from: self.socket)
        guard comesAgain, count == 1 else { return Received(count: count, error: error, isAll: true) }
        let second = batch.receiveOne(1, from: self.socket)
        if second.count == 1 { self.becomeBusy(on: loop) }
        return Received(count: 1 + second.count, error: error ?? second.error, isAll: !self.isBusy)
    }

    /// Leaves datagrams to wait, without being told of them again, until the handler asks by itself.
    public mutating func rest(on loop: EventLoop) { self.becomeBusy(on: loop) }

    private mutating func becomeBusy(on loop: EventLoop) {
        guard !self.isBusy else { return }
        // It stays what it is where the kernel has no memory for this.
        let (descriptor, token, tag) = (self.socket.descriptor, self.token, self.tag)
        guard (try? loop.modify(descriptor, .readable, to: token, tag: tag)) != nil else { return }
        self.socket.takeRows()
        self.isBusy = true
    }

    /// From now on datagrams go to `address` and come from it alone.
    public borrowing func connect(to address: SocketAddress) throws(SystemCallError) {
        try self.socket.connect(to: address)
    }

    /// The address of this end.
    public borrowing func localAddress() -> SocketAddress? { self.socket.localAddress() }

    public mutating func close() { self.socket.close() }
}
