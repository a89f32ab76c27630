import CausewayBytes
import CausewayCore
import CausewayCrypto
import CausewayIO
import CausewayWire
import Glibc

/// The outlet of an association to the next hop of a tunnel: as a Shadowsocks client with a session of its own, or at a
/// blind relay with the customer's datagrams as they are.
final class HopOutlet: Outlet {
    /// Between two attempts to find the next hop.
    private static let patience = Interval.seconds(1)

    private let exit: Exit
    private let server: Address
    /// `nil` at a blind relay.
    private let credentials: RequestCredentials?
    unowned let association: Association
    /// `nil` until the next hop is found.
    private var way: HopSocket?
    private var waiting = WaitingDatagrams()
    private var inquiry: NameInquiry?
    private var isClosed = false
    /// When the next hop was looked for last.
    private var soughtAt: Instant
    /// This end's session, and the number of its next datagram.
    let session: UInt64
    private var next: UInt64 = 0
    /// The sessions that the next hop has answered in.
    private(set) var answers = ServerSessions()

    init(to server: Address, with credentials: RequestCredentials?, of exit: Exit, for association: Association) {
        self.server = server
        self.credentials = credentials
        self.exit = exit
        self.association = association
        self.session = association.worker.random.nextNonzero()
        self.soughtAt = association.worker.loop.now
        self.connect()
    }

    // MARK: - Connecting

    private func connect() {
        switch self.server.host {
        case .ip(let ip): self.found([ip])
        case .name(let name):
            let worker = self.association.worker
            let inquiry = NameInquiry(self.exit.families, on: worker) { [weak self] found in
                self?.found(found)
                worker.datagrams.settle()
            }
            self.inquiry = inquiry
            if let found = inquiry.begin(name) { self.found(found) }
        }
    }

    /// Looks for the next hop anew where it was not found, after a while.
    private func seekAgain() {
        let now = self.association.worker.loop.now
        guard self.inquiry == nil, now - self.soughtAt >= Self.patience else { return }
        self.soughtAt = now
        self.connect()
    }

    /// Takes the first address to which there is a way.
    private func found(_ addresses: [IPAddress]) {
        guard !self.isClosed else { return }
        self.inquiry = nil
        var failure = "\(ResolutionFailure.noAddress)"
        for ip in addresses {
            do throws(SystemCallError) {
                let way = try self.socket(to: SocketAddress(ip: ip, port: self.server.port))
                way.join(self)
                self.way = way
                break
            } catch {
                failure = error.description
            }
        }
        let waiting = self.waiting.take()
        let desk = self.association.worker.datagrams
        guard self.way != nil else {
            self.association.worker.note(.connectFailed, failure, at: self.exit.name)
            self.association.groupMember?.suspect()
            for _ in waiting { self.association.dropped() }
            return
        }
        for var datagram in waiting {
            datagram.payload.withByteRegion { self.send($0, to: datagram.target, by: desk) }
        }
    }

    /// One that others have too, unless answers could not be told apart, or there is a user whose rate may leave it unread.
    private func socket(to hop: SocketAddress) throws(SystemCallError) -> HopSocket {
        let (worker, exit, credentials) = (self.association.worker, self.exit, self.credentials)
        guard credentials != nil, self.association.member == nil else {
            return try HopSocket(to: hop, of: exit, with: credentials, isShared: false, on: worker)
        }
        let key = HopKey(exit: ObjectIdentifier(exit), hop: hop)
        return try worker.datagrams.hopSocket(key) { () throws(SystemCallError) in
            try HopSocket(to: hop, of: exit, with: credentials, isShared: true, on: worker)
        }
    }

    // MARK: - Sending

    func send(_ payload: ByteRegion, to target: Address?, by desk: DatagramDesk) {
        guard !self.isClosed else { return }
        if self.way == nil { self.seekAgain() }
        guard !self.isClosed else { return }
        guard let way = self.way else {
            // Only while somebody looks for it: else a datagram would wait for the next one, which may never come.
            if self.inquiry == nil || !self.waiting.add(payload, to: target) { self.association.dropped() }
            return
        }
        way.renewAfterSilence(now: desk.loop.now)
        guard let credentials = self.credentials else { return self.pass(payload, along: way, by: desk) }
        guard let target else { return }
        let plain = PacketFormat.requestOverhead(credentials, to: target)
        let padding = PacketFormat.padding(
            port: target.port,
            count: plain + payload.count,
            most: way.hop.ip.largestUnfragmented,
            random: desk.random.next()
        )
        let overhead = plain + padding
        guard overhead + payload.count <= DatagramQueue.largest else { return self.isTooLarge() }
        guard self.association.charge(up: payload.count), !self.isClosed else { return }
        let room = desk.queue.room(overhead + payload.count, for: way.socket.socket)
        let start = overhead - tagCount
        room.copy(payload, to: start)
        let range = desk.sealer.request(
            room,
            payload: start..<start + payload.count,
            id: PacketID(session: self.session, number: self.next),
            to: target,
            padding: padding,
            clock: desk.loop.clock,
            with: credentials,
            nonce: desk.nonce(for: credentials.method)
        )
        self.next += 1
        desk.queue.append(range.count, payload: payload.count, to: nil, from: nil, by: self)
    }

    /// Sends a customer's datagram as it is.
    private func pass(_ datagram: ByteRegion, along way: HopSocket, by desk: DatagramDesk) {
        guard self.association.charge(up: datagram.count), !self.isClosed else { return }
        desk.queue.room(datagram.count, for: way.socket.socket).copy(datagram)
        desk.queue.append(datagram.count, payload: datagram.count, to: nil, from: nil, by: self)
    }

    private func isTooLarge() {
        self.association.counters.countTooLarge()
        self.exit.datagrams[self.association.worker.number].countTooLarge()
    }

    // MARK: - Receiving

    func ready(_ tag: UInt8, by desk: DatagramDesk) {
        if tag == Association.outletTag { self.way?.receive() }
    }

    /// Passes an answer on as it came.
    func pass(answer: ByteRegion, by desk: DatagramDesk) {
        self.association.down(answer, from: self.server, by: desk)
    }

    /// Whether an answer may be taken.
    func accepts(_ id: PacketID, now: Instant) throws(PacketRefusal) {
        try self.answers.accepts(id, now: now)
    }

    /// Takes the payload of an answer that is good in every way.
    ///
    /// - Returns: a session of the next hop's whose answers are not accepted any more.
    func take(_ payload: ByteRegion, _ id: PacketID, from source: Address, by desk: DatagramDesk) -> UInt64? {
        let ended = self.answers.commit(id, now: desk.loop.now)
        self.association.down(payload, from: source, by: desk)
        return ended
    }

    func close() {
        self.isClosed = true
        self.inquiry?.cancel()
        self.inquiry = nil
        self.way?.leave(self)
        self.way = nil
    }
}
