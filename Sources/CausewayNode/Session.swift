import CausewayBytes
import CausewayCore
import CausewayFronts
import CausewayIO
import CausewayWire
import Synchronization

/// One proxied TCP connection, from accept to close, on one loop.
///
///     mixed   ─▶ front ────┐  ┌───────────────┬─▶ awaitingPayload ─┐
///     tunnel  ─▶ request ──┼──┴▶ connecting ──┤                    ├─▶ relaying ─▶ closed
///     relay   ─▶ identity ─┤       ▲          └────────────────────┘      │
///     forward ─────────────┘       └── by another exit, before an answer ─┤
///                  │  refused                     │ failed                │ tampered with
///                  ▼                              ▼                       ▼
///               draining                      lingering       corrupted, delivering
///
/// Where the listener expects a PROXY header, that comes before all else. The near leg is the customer's, the far leg
/// leads to the target or the next hop; `up` moves bytes from near to far, `down` from far to near. The stages live in
/// extensions, one file each.
final class Session: EventHandler {
    /// Where a session stands.
    enum Phase {
        /// Somebody in front of the listener is saying whom the connection comes from.
        case proxyHeader
        /// The application is saying where it wants to go.
        case front(FrontStage)
        /// A tunnel client's header is coming in.
        case request(RequestStage)
        /// The identity headers for a blind relay are coming in.
        case identity(RelayStage)
        /// The far leg is being made; by `Connector` where a name is to be resolved.
        case connecting(Connector?)
        /// The next hop is connected; the application's first bytes may ride in the request header.
        case awaitingPayload
        case relaying
        /// The application sends datagrams; the connection is there to say for how long.
        case associated(Association)
        /// The user's quota is used up: nothing is read any more, and what was billed may arrive.
        case delivering
        /// Refused, and not told so: what comes is read and thrown away.
        case draining
        /// Refused and told so: writing is shut down, what still comes is thrown away.
        case lingering
        /// The stream of the leg under this tag was tampered with: what still comes there is thrown away.
        case corrupted(UInt8)
        case closed
    }

    static let nearTag: UInt8 = 0
    /// The tag of the timer that a session waits for whose user may move nothing at present.
    static let turnTag: UInt8 = 1

    unowned let worker: Worker
    let listener: Listener
    /// The customer's address, as far as this node can know it.
    var source: SocketAddress
    /// Where it goes; `nil` unless events may say so.
    var loggedTarget: LoggedTarget?
    var token = HandlerToken.none
    /// The tag of the far leg's socket: another one for each attempt, so that an event of the last is not the next's.
    private(set) var farTag: UInt8 = 1
    var timer = TimerWheel.Handle.none
    var phase: Phase
    var near = Leg()
    var far = Leg()
    var up = Flow()
    var down = Flow()
    /// The exit that the session leaves by, or tries to.
    private(set) var exit: Exit?
    /// How the session may still go another way, until it is answered.
    var route: Route?
    /// The session's user with all of the user's sessions on this loop; `nil` where nobody is known.
    var member: UserSessions.Member?
    /// The rest of a first unit is being waited for.
    var waitsForFirstUnit = false
    /// What of the flows' bytes has been counted.
    private var countedUp: UInt64 = 0
    private var countedDown: UInt64 = 0
    let startedAt: Instant
    /// When the session was last seen to move; the idle deadline is checked against it when its timer fires.
    var lastActivity: Instant
    /// Bytes of a refused stream that were thrown away, and those that may be by now.
    var discardedCount = 0
    var discardLimit = Session.discardedAtOnce
    /// Runs while the session waits until its user may move bytes again.
    var turnTimer = TimerWheel.Handle.none
    /// The front, which still has to answer, until the session is open or refused.
    var front: FrontStage?

    // MARK: - Beginning

    /// Starts a session on a connection that was just accepted from `peer`.
    static func begin(_ socket: consuming Socket, from peer: SocketAddress, at listener: Listener, on worker: Worker) {
        let session = Session(listener: listener, source: peer, worker: worker)
        session.near.socket = socket
        session.near.isWritable = true
        session.token = worker.loop.register(session)
        worker.shared.sessionCount.wrappingAdd(1, ordering: .relaxed)
        listener.traffic[worker.number].sessionBegan()
        session.setTimer(listener.handshakeTimeout)
        session.watch(session.near.socket.descriptor, Self.nearTag)
        if case .closed = session.phase { return }
        if !listener.expectsProxyHeader(from: peer.ip) { session.beginHandshake() }
    }

    private init(listener: Listener, source: SocketAddress, worker: Worker) {
        self.listener = listener
        self.source = source
        self.worker = worker
        self.startedAt = worker.loop.now
        self.lastActivity = worker.loop.now
        self.phase = .proxyHeader
    }

    /// Lets the customer speak, or, where there is nothing to say, connects.
    func beginHandshake() {
        switch self.listener.kind {
        case .mixed(let hasUsers):
            self.phase = .front(
                FrontStage(requiresAuthentication: hasUsers, servesDatagrams: self.listener.takesDatagrams)
            )
        case .tunnel(let tunnel):
            let users = tunnel.hasUsers ? self.worker.directory.identities(for: tunnel.method) : nil
            let keys = RequestAcceptor.Keys(method: tunnel.method, serverKey: tunnel.key, users: users)
            self.phase = .request(RequestStage(keys))
        case .relay(let relay):
            let users = relay.hasUsers ? self.worker.directory.identities(for: relay.method) : nil
            let keys = RelayAcceptor.Keys(method: relay.method, key: relay.key, users: users, next: relay.identities)
            self.phase = .identity(RelayStage(keys))
        case .forward(let target):
            guard let exit = self.listener.exit else { return self.abort() }
            self.leave(by: exit, to: target)
        }
    }

    /// Makes the far leg anew, in place of one that failed.
    func dropFarLeg() {
        self.far.close(resetting: true)
        self.far = Leg()
        self.farTag &+= 1
    }

    /// Watches one of the session's sockets; without memory for that in the kernel the session ends.
    func watch(_ descriptor: CInt, _ tag: UInt8) {
        do throws(SystemCallError) {
            try self.worker.loop.add(descriptor, .stream, to: self.token, tag: tag)
        } catch {
            self.abort()
        }
    }

    // MARK: - Counting

    /// From now on the session is one of `exit`.
    func take(_ exit: Exit) {
        self.leaveExit()
        self.exit = exit
        exit.traffic[self.worker.number].sessionBegan()
    }

    private func leaveExit() {
        self.exit?.traffic[self.worker.number].sessionEnded()
        self.exit = nil
    }

    /// Adds what has moved since the last time to the counters of listener and exit. Not while the bytes may have to be
    /// sent again, for they count once.
    func countBytes() {
        guard self.route == nil else { return }
        let up = self.up.byteCount - self.countedUp
        let down = self.down.byteCount - self.countedDown
        guard up > 0 || down > 0 else { return }
        self.countedUp += up
        self.countedDown += down
        let number = self.worker.number
        self.listener.traffic[number].count(up: up, down: down)
        self.exit?.traffic[number].count(up: up, down: down)
    }

    // MARK: - Time

    /// Puts the session's one timer to `interval` from now.
    func setTimer(_ interval: Interval) {
        let loop = self.worker.loop
        loop.cancel(self.timer)
        self.timer = loop.schedule(after: interval, to: self.token, tag: 0)
    }

    /// From now on only the idle deadline counts, once there is an answer.
    func startRelayTimer() {
        self.lastActivity = self.worker.loop.now
        self.waitsForFirstUnit = false
        self.setTimer(self.route == nil ? self.listener.idleTimeout : self.answerPatience)
    }

    func timerFired(tag: UInt8) {
        if tag == Self.turnTag { return self.turnHasCome() }
        self.timer = .none
        switch self.phase {
        case .proxyHeader: self.abort()
        case .front(let stage): self.handshakeTimedOut(stage)
        case .request(let stage):
            self.worker.pool.release(&stage.held)
            self.handshakeDidNotCome()
        case .identity(let stage):
            self.worker.pool.release(&stage.held)
            self.handshakeDidNotCome()
        case .connecting: self.connectFailed(.timedOut)
        case .awaitingPayload: self.payloadDidNotCome()
        case .relaying:
            let wasFirstUnits = self.waitsForFirstUnit
            self.waitsForFirstUnit = false
            if self.up.isHolding || self.down.isHolding { return self.firstUnitIsLate() }
            // The unit has come meanwhile; the timer was for that alone.
            if wasFirstUnits { return self.startRelayTimer() }
            if self.route != nil { return self.answerIsLate() }
            let idle = self.worker.loop.now - self.lastActivity
            guard idle < self.listener.idleTimeout else { return self.close() }
            self.setTimer(Interval(nanoseconds: self.listener.idleTimeout.nanoseconds - idle.nanoseconds))
        case .draining: self.drainIsOver()
        case .lingering: self.close()
        case .corrupted, .delivering: self.abort()
        case .associated, .closed: break
        }
    }

    // MARK: - Events

    func ready(_ events: ReadyEvents, tag: UInt8) {
        if tag == Self.nearTag {
            self.near.note(events)
        } else if tag == self.farTag {
            self.far.note(events)
        } else {
            return
        }
        switch self.phase {
        case .proxyHeader: self.readProxyHeader()
        case .front(let stage): self.readFront(stage)
        case .request(let stage): self.readRequest(stage)
        case .identity(let stage): self.readIdentity(stage)
        case .connecting(let connector): self.eventWhileConnecting(events, tag, connector)
        case .awaitingPayload:
            if events.contains(.error) { return self.legFailed(tag) }
            if tag == Self.nearTag, self.near.isReadable { self.startRelaying() }
        case .relaying:
            self.lastActivity = self.worker.loop.now
            self.relay()
            // Whoever is blocked towards one side has not read the other's error: a reset is passed on at once.
            if events.contains(.error), case .relaying = self.phase { self.legFailed(tag) }
        case .draining, .lingering, .corrupted, .associated: self.discard()
        case .delivering: if events.contains(.error) { self.abort() }
        case .closed: break
        }
    }

    func resumed() {
        switch self.phase {
        case .relaying: self.relay()
        case .draining, .lingering, .corrupted, .associated: self.discard()
        case .proxyHeader, .front, .request, .identity, .connecting, .awaitingPayload, .delivering, .closed: break
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
        let worker = self.worker
        let phase = self.phase
        self.phase = .closed
        switch phase {
        case .front(let stage): worker.pool.release(&stage.held)
        case .request(let stage): worker.pool.release(&stage.held)
        case .identity(let stage): worker.pool.release(&stage.held)
        case .connecting(let connector): connector?.cancel()
        case .draining: worker.drained.ended()
        case .associated(let association):
            association.control = nil
            association.end()
        case .proxyHeader, .awaitingPayload, .relaying, .lingering, .corrupted, .delivering, .closed: break
        }
        self.front = nil
        self.forgetRoute()
        self.countBytes()
        self.leaveExit()
        self.listener.traffic[worker.number].sessionEnded()
        self.near.close(resetting: resetting)
        self.far.close(resetting: resetting)
        worker.loop.cancel(self.turnTimer)
        self.leaveUser()
        self.up.release(to: worker)
        self.down.release(to: worker)
        worker.loop.cancel(self.timer)
        worker.shared.sessionCount.wrappingSubtract(1, ordering: .relaxed)
        worker.resumeAccepting()
        worker.loop.deregister(self.token)
    }
}
