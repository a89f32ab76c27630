import CausewayBytes
import CausewayCore
import CausewayFronts
import CausewayIO
import CausewayWire
import Synchronization

/// One proxied TCP connection, from accept to close, on one loop.
///
///     mixed   ─▶ front ────┐                 ┌─▶ awaitingPayload ─┐
///                          ├─▶ connecting ───┤                    ├─▶ relaying ─▶ closed
///     tunnel  ─▶ request ──┘                 └────────────────────┘
///                  │  refused                     │ failed                │ tampered with
///                  ▼                              ▼                       ▼
///               draining                      lingering               corrupted
///
/// The near leg is the customer's, the far leg leads to the target or the next hop; `up` moves bytes from near to far,
/// `down` from far to near. The stages live in extensions, one file each.
final class Session: EventHandler {
    /// Where a session stands.
    enum Phase {
        /// The application is saying where it wants to go.
        case front(FrontStage)
        /// A tunnel client's header is coming in.
        case request(RequestStage)
        /// The far leg is being made; by `Connector` where a name is to be resolved.
        case connecting(Connector?)
        /// The next hop is connected; the application's first bytes may ride in the request header.
        case awaitingPayload
        case relaying
        /// Refused, and not told so: what comes is read and thrown away.
        case draining
        /// Refused and told so: writing is shut down, what still comes is thrown away.
        case lingering
        /// The stream of the leg under this tag was tampered with: what still comes there is thrown away.
        case corrupted(UInt8)
        case closed
    }

    static let nearTag: UInt8 = 0
    static let farTag: UInt8 = 1

    unowned let worker: Worker
    let listener: Listener
    var token = HandlerToken.none
    var timer = TimerWheel.Handle.none
    var phase: Phase
    var near = Leg()
    var far = Leg()
    var up = Flow()
    var down = Flow()
    /// When the session was last seen to move; the idle deadline is checked against it when its timer fires.
    private var lastActivity: Instant
    /// The front, which still has to answer, until the session is open or refused.
    var front: FrontStage?

    // MARK: - Beginning

    /// Starts a session on a connection that was just accepted.
    static func begin(_ socket: consuming Socket, from listener: Listener, on worker: Worker) {
        let session = Session(listener: listener, worker: worker)
        session.near.socket = socket
        session.near.isWritable = true
        session.token = worker.loop.register(session)
        worker.shared.sessionCount.wrappingAdd(1, ordering: .relaxed)
        session.setTimer(listener.handshakeTimeout)
        session.watch(session.near.socket.descriptor, Self.nearTag)
    }

    private init(listener: Listener, worker: Worker) {
        self.listener = listener
        self.worker = worker
        self.lastActivity = worker.loop.now
        switch listener.kind {
        case .mixed(let passwords):
            self.phase = .front(FrontStage(requiresAuthentication: passwords != nil))
        case .tunnel(let keys, _, _):
            self.phase = .request(RequestStage(keys))
        }
    }

    /// Watches one of the session's sockets; without memory for that in the kernel the session ends.
    func watch(_ descriptor: CInt, _ tag: UInt8) {
        do throws(SystemCallError) {
            try self.worker.loop.add(descriptor, .stream, to: self.token, tag: tag)
        } catch {
            self.abort()
        }
    }

    // MARK: - Time

    /// Puts the session's one timer to `interval` from now.
    func setTimer(_ interval: Interval) {
        self.worker.loop.cancel(self.timer)
        self.timer = self.worker.loop.schedule(after: interval, to: self.token, tag: 0)
    }

    /// From now on only the idle deadline counts.
    func startIdleTimer() {
        self.lastActivity = self.worker.loop.now
        self.setTimer(self.listener.idleTimeout)
    }

    func timerFired(tag: UInt8) {
        self.timer = .none
        switch self.phase {
        case .front(let stage): self.handshakeTimedOut(stage)
        case .request: self.requestTimedOut()
        case .connecting: self.connectFailed(.timedOut)
        case .awaitingPayload: self.payloadDidNotCome()
        case .relaying:
            let idle = self.worker.loop.now - self.lastActivity
            guard idle < self.listener.idleTimeout else { return self.close() }
            self.setTimer(Interval(nanoseconds: self.listener.idleTimeout.nanoseconds - idle.nanoseconds))
        case .draining: self.close()
        case .lingering: self.close()
        case .corrupted: self.abort()
        case .closed: break
        }
    }

    // MARK: - Events

    func ready(_ events: ReadyEvents, tag: UInt8) {
        if tag == Self.nearTag {
            self.near.note(events)
        } else {
            self.far.note(events)
        }
        switch self.phase {
        case .front(let stage): self.readFront(stage)
        case .request(let stage): self.readRequest(stage)
        case .connecting(let connector): self.eventWhileConnecting(events, tag, connector)
        case .awaitingPayload:
            if events.contains(.error) { return self.abort() }
            if tag == Self.nearTag, self.near.isReadable { self.startRelaying() }
        case .relaying:
            self.lastActivity = self.worker.loop.now
            self.relay()
            // Whoever is blocked towards one side has not read the other's error: a reset is passed on at once.
            if events.contains(.error), case .relaying = self.phase { self.abort() }
        case .draining, .lingering, .corrupted: self.discard()
        case .closed: break
        }
    }

    func resumed() {
        switch self.phase {
        case .relaying: self.relay()
        case .draining, .lingering, .corrupted: self.discard()
        case .front, .request, .connecting, .awaitingPayload, .closed: break
        }
    }

    // MARK: - Ending

    /// Ends the session; the peers see FIN where nothing is left unread.
    func close() {
        self.end(resetting: false)
    }

    /// Ends the session with RST on both sides.
    func abort() {
        self.end(resetting: true)
    }

    private func end(resetting: Bool) {
        if case .closed = self.phase { return }
        let phase = self.phase
        self.phase = .closed
        switch phase {
        case .front(let stage): self.worker.pool.release(&stage.held)
        case .request(let stage): self.worker.pool.release(&stage.held)
        case .connecting(let connector): connector?.cancel()
        case .draining: self.worker.drained.ended()
        case .awaitingPayload, .relaying, .lingering, .corrupted, .closed: break
        }
        self.front = nil
        self.near.close(resetting: resetting)
        self.far.close(resetting: resetting)
        self.up.release(to: self.worker.pool)
        self.down.release(to: self.worker.pool)
        self.worker.loop.cancel(self.timer)
        self.worker.shared.sessionCount.wrappingSubtract(1, ordering: .relaxed)
        self.worker.resumeAccepting()
        self.worker.loop.deregister(self.token)
    }
}
