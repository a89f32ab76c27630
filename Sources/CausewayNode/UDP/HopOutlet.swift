import CausewayBytes
import CausewayCore
import CausewayCrypto
import CausewayIO
import CausewayWire
import Glibc

/// The outlet of an association to the next hop of a tunnel: as a Shadowsocks client with a session of its own, or at a
/// blind relay with the customer's datagrams as they are.
final class HopOutlet: Outlet {
    private static let batches = 8
    /// Between two attempts to find the next hop.
    private static let patience = Interval.seconds(1)
    /// Silence after which the way to the next hop is looked at again.
    private static let silence = Interval.seconds(5)

    private let exit: Exit
    private let server: Address
    /// `nil` at a blind relay.
    private let credentials: RequestCredentials?
    unowned let association: Association
    private var socket = DatagramSocket()
    private var hop: SocketAddress?
    private var waiting = WaitingDatagrams()
    private var inquiry: NameInquiry?
    private var isClosed = false
    /// When the next hop was looked for last.
    private var soughtAt: Instant
    /// When the next hop was heard last, or the way to it was looked at.
    private var heardAt: Instant
    /// This end's session, and the number of its next datagram.
    private let session: UInt64
    private var next: UInt64 = 0
    private var answers = ServerSessions()

    init(to server: Address, with credentials: RequestCredentials?, of exit: Exit, for association: Association) {
        self.server = server
        self.credentials = credentials
        self.exit = exit
        self.association = association
        self.session = association.worker.random.nextNonzero()
        self.soughtAt = association.worker.loop.now
        self.heardAt = association.worker.loop.now
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
                worker.datagrams.endTurn()
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
            let address = SocketAddress(ip: ip, port: self.server.port)
            do throws(SystemCallError) {
                try self.take(try DatagramSocket.connected(to: address, options: self.exit.dial))
                self.hop = address
                self.heardAt = self.association.worker.loop.now
                break
            } catch {
                failure = error.description
            }
        }
        let waiting = self.waiting.take()
        guard self.hop != nil else {
            self.association.worker.note(.connectFailed, failure, at: self.exit.name)
            self.association.groupMember?.suspect()
            for _ in waiting { self.association.dropped() }
            return
        }
        for var datagram in waiting {
            datagram.payload.withByteRegion { self.send($0, to: datagram.target) }
        }
    }

    /// Sends and receives by `socket` from now on.
    private func take(_ socket: consuming DatagramSocket) throws(SystemCallError) {
        try self.association.worker.loop.add(
            socket.descriptor,
            .readable,
            to: self.association.token,
            tag: Association.outletTag
        )
        self.socket = socket
    }

    /// Leaves by another address of this host where the one that the socket is bound to is no longer the one to use: a
    /// socket keeps the address that it had when it was connected, and nobody answers to one that is gone. The session
    /// stays the same, and the next hop follows it.
    private func renew(to hop: SocketAddress) {
        self.heardAt = self.association.worker.loop.now
        guard let fresh = try? DatagramSocket.connected(to: hop, options: self.exit.dial),
            fresh.localAddress()?.ip != self.socket.localAddress()?.ip
        else { return }
        // What is queued goes out by the socket that is closed now.
        self.association.worker.datagrams.queue.flush()
        // Where it fails the present socket stays.
        try? self.take(fresh)
    }

    // MARK: - Sending

    func send(_ payload: ByteRegion, to target: Address?) {
        guard let hop = self.hop else {
            if !self.waiting.add(payload, to: target) { self.association.dropped() }
            return self.seekAgain()
        }
        if self.association.worker.loop.now - self.heardAt >= Self.silence { self.renew(to: hop) }
        guard let credentials = self.credentials else { return self.pass(payload) }
        guard let target else { return }
        let worker = self.association.worker
        let plain = PacketFormat.requestOverhead(credentials, to: target)
        let padding = PacketFormat.padding(
            port: target.port,
            count: plain + payload.count,
            most: hop.ip.largestUnfragmented,
            random: worker.random.next()
        )
        let overhead = plain + padding
        guard overhead + payload.count <= DatagramQueue.largest else { return self.isTooLarge() }
        guard self.association.charge(up: payload.count), !self.isClosed else { return }
        let room = worker.datagrams.queue.room(overhead + payload.count, for: self.socket)
        let start = overhead - tagCount
        room.copy(payload, to: start)
        let range = worker.datagrams.sealer.request(
            room,
            payload: start..<start + payload.count,
            id: PacketID(session: self.session, number: self.next),
            to: target,
            padding: padding,
            clock: worker.loop.clock,
            with: credentials,
            nonce: worker.nonce(for: credentials.method)
        )
        self.next += 1
        worker.datagrams.queue.append(range.count, payload: payload.count, to: nil, from: nil, by: self)
    }

    /// Sends a customer's datagram as it is.
    private func pass(_ datagram: ByteRegion) {
        guard self.association.charge(up: datagram.count), !self.isClosed else { return }
        let queue = self.association.worker.datagrams.queue
        queue.room(datagram.count, for: self.socket).copy(datagram)
        queue.append(datagram.count, payload: datagram.count, to: nil, from: nil, by: self)
    }

    private func isTooLarge() {
        self.association.counters.countTooLarge()
        self.exit.datagrams[self.association.worker.number].countTooLarge()
    }

    // MARK: - Receiving

    func ready(_ tag: UInt8) {
        let association = self.association
        let batch = association.worker.datagrams.batch
        guard tag == Association.outletTag else { return }
        for _ in 0..<Self.batches {
            guard !self.isClosed, self.socket.isOpen, !association.restsDown() else { return }
            let (count, error) = batch.receive(from: self.socket)
            if count > 0 { self.heardAt = association.worker.loop.now }
            if error?.isRefusal == true { association.groupMember?.suspect() }
            for index in 0..<count { batch.forEachSegment(index) { self.take($0) } }
            guard count == DatagramBatch.capacity else { return }
        }
        association.worker.loop.yield(association.token)
    }

    /// Judges an answer in the order that protocol reference 3.3 gives.
    private func take(_ datagram: ByteRegion) {
        guard let credentials = self.credentials else {
            return self.association.down(datagram, from: self.server)
        }
        let worker = self.association.worker
        let opener = worker.datagrams.opener
        do throws(PacketRefusal) {
            let pending = try opener.begin(response: datagram, credentials.method, key: credentials.userKey)
            try self.answers.accepts(pending.id, now: worker.loop.now)
            let opened = try opener.open(
                response: datagram,
                pending,
                to: self.session,
                clock: worker.loop.clock
            )
            self.answers.commit(pending.id, now: worker.loop.now)
            self.association.down(datagram.region(opened.payload), from: opened.address)
        } catch {
            self.exit.datagrams[worker.number].countRefused()
            worker.note(.datagramRefused, error.words, at: self.exit.name)
        }
    }

    func close() {
        self.isClosed = true
        self.inquiry?.cancel()
        self.inquiry = nil
        self.socket.close()
    }
}
