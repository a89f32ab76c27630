import CausewayBytes
import CausewayCore
import CausewayIO
import CausewayWire

/// Which sockets to a next hop are the same to an association.
struct HopKey: Hashable {
    let exit: ObjectIdentifier
    let hop: SocketAddress
}

/// A socket to the next hop of a tunnel: of one association, or of several that no user's rate holds back. What several
/// send or get at once then takes a call or two, not one each.
final class HopSocket: EventHandler {
    /// Associations that share a socket. Beyond, there is another, so that paths and the next hop's loops have several
    /// flows to spread.
    private static let capacity = 64
    private static let batches = 8

    private let exit: Exit
    let hop: SocketAddress
    /// `nil` at a blind relay.
    private let credentials: RequestCredentials?
    private let isShared: Bool
    private unowned let worker: Worker
    private(set) var socket: AssociationSocket
    private var token = HandlerToken.none
    /// One of those that share it. Unowned, as each owns the socket, and leaves it before it goes.
    private struct Guest {
        unowned let outlet: HopOutlet
    }

    /// By the session of this end.
    private var guests: [UInt64: Guest] = [:]
    /// By the session that the next hop answers in.
    private var answered: [UInt64: Guest] = [:]
    private var silence: SilenceWatch

    /// - Throws: what the kernel says where there is no way to `hop`.
    init(
        to hop: SocketAddress,
        of exit: Exit,
        with credentials: RequestCredentials?,
        isShared: Bool,
        on worker: Worker
    ) throws(SystemCallError) {
        self.hop = hop
        self.exit = exit
        self.credentials = credentials
        self.isShared = isShared
        self.worker = worker
        self.socket = AssociationSocket()
        self.silence = SilenceWatch(from: .seconds(5), to: .seconds(60), now: worker.loop.now)
        self.token = worker.loop.register(self)
        do throws(SystemCallError) {
            self.socket = try self.connected()
        } catch {
            worker.loop.deregister(self.token)
            throw error
        }
    }

    private func connected() throws(SystemCallError) -> AssociationSocket {
        let socket = try DatagramSocket.connected(to: self.hop, options: self.exit.dial, isShared: self.isShared)
        let (loop, tag) = (self.worker.loop, EventLoop.jointTag)
        return try AssociationSocket(socket, isShared: self.isShared, on: loop, to: self.token, tag: tag)
    }

    // MARK: - Outlets

    /// Whether one more may join: not where the next hop has been silent for too long, as its way may be what is wrong.
    var hasRoom: Bool { self.isShared && self.guests.count < Self.capacity && !self.silence.isDoubtful }

    func join(_ outlet: HopOutlet) { self.guests[outlet.session] = Guest(outlet: outlet) }

    /// The last to leave closes the socket.
    func leave(_ outlet: HopOutlet) {
        self.guests[outlet.session] = nil
        for session in outlet.answers.sessions { self.answered[session] = nil }
        guard self.guests.isEmpty, self.socket.isOpen else { return }
        self.worker.datagrams.forget(self)
        self.worker.datagrams.queue.flush()
        self.socket.close()
        self.worker.loop.deregister(self.token)
    }

    var key: HopKey { HopKey(exit: ObjectIdentifier(self.exit), hop: self.hop) }

    // MARK: - The way

    /// Looks at the way to the next hop after a silence, less often where that has brought nothing.
    ///
    /// A socket keeps the address of this host that it had when it was connected, and nobody answers to one that is gone:
    /// then it leaves by another from now on. The sessions stay the same, and the next hop follows them.
    func renewAfterSilence(now: Instant) {
        guard self.silence.isOver(now: now) else { return }
        // Without any way there, the next one is not to be waited for longer.
        guard let fresh = try? self.connected() else { return }
        guard fresh.localAddress()?.ip != self.socket.localAddress()?.ip else {
            return self.silence.wasInVain()
        }
        // What is queued goes out by the socket that is closed now.
        self.worker.datagrams.queue.flush()
        self.socket = fresh
        self.silence.wasMended()
    }

    // MARK: - Receiving

    func ready(_ events: ReadyEvents, tag: UInt8) { self.receive() }
    func timerFired(tag: UInt8) {}
    func resumed() { self.receive() }

    func receive() {
        let desk = self.worker.datagrams
        defer { desk.settle() }
        for _ in 0..<Self.batches {
            guard self.socket.isOpen else { return }
            guard !self.rests() else { return self.socket.rest(on: desk.loop) }
            let received = self.socket.receive(desk.batch, on: desk.loop)
            if received.count > 0 { self.silence.heard(now: desk.loop.now) }
            if received.error?.isRefusal == true {
                for guest in self.guests.values { guest.outlet.association.groupMember?.suspect() }
            }
            for index in 0..<received.count { desk.batch.forEachSegment(index) { self.take($0, by: desk) } }
            if received.isAll { return }
        }
        desk.loop.yield(self.token)
    }

    /// Whether the one association that has it is to leave it unread for a while.
    private func rests() -> Bool {
        guard !self.isShared, let guest = self.guests.values.first else { return false }
        return guest.outlet.association.restsDown()
    }

    /// Judges an answer in the order that protocol reference 3.3 gives.
    private func take(_ datagram: ByteRegion, by desk: DatagramDesk) {
        // The one before may have been the last that anybody wanted.
        guard self.socket.isOpen else { return }
        guard let credentials = self.credentials else {
            self.guests.values.first?.outlet.pass(answer: datagram, by: desk)
            return
        }
        do throws(PacketRefusal) {
            let pending = try desk.opener.begin(response: datagram, credentials.method, key: credentials.userKey)
            let known = self.answered[pending.id.session]?.outlet
            try known?.accepts(pending.id, now: desk.loop.now)
            let (session, opened) = try desk.opener.open(response: datagram, pending, clock: desk.loop.clock)
            let outlet: HopOutlet
            if let known, known.session == session {
                outlet = known
            } else {
                // Nothing is wrong with what comes late to an association that has left.
                guard let addressee = self.guests[session]?.outlet else {
                    return self.exit.datagrams[self.worker.number].countDropped()
                }
                try addressee.accepts(pending.id, now: desk.loop.now)
                self.answered[pending.id.session] = Guest(outlet: addressee)
                outlet = addressee
            }
            if let ended = outlet.take(datagram.region(opened.payload), pending.id, from: opened.address, by: desk) {
                self.answered[ended] = nil
            }
        } catch {
            self.exit.datagrams[self.worker.number].countRefused()
            self.worker.note(.datagramRefused, error.words, at: self.exit.name)
        }
    }
}
