import CausewayBytes
import CausewayIO
import Synchronization

/// Takes the connections of one listening socket on one loop: one in a turn, told of the next in the next turn, as asking
/// whether there is one costs a good part of what taking one does. Where one turn after the other finds some, all that wait
/// are taken at once.
///
/// When descriptors run out, accepting pauses: nothing spins, the backlog waits in the kernel, and the next session
/// that ends, or a timer, makes it go on.
final class Acceptor: EventHandler {
    /// Connections that are taken before others have their turn.
    private static let batch = 64
    private static let pause = Interval.milliseconds(200)

    let address: SocketAddress
    private var socket: Socket
    /// What new connections belong to.
    var listener: Listener
    unowned let worker: Worker
    private var token = HandlerToken.none
    /// Whether the loop tells in every turn that connections wait: until some have to wait for the first time.
    private var isToldRepeatedly = true
    /// The loop's turn in which a connection was taken last.
    private var lastTurn: UInt32 = 0
    private var isPaused = false
    /// Whether connections are left to wait, until ``release()``.
    private var isHeld = false
    /// Ends the pause should no session do so.
    private var timer = TimerWheel.Handle.none

    init(_ socket: consuming Socket, at address: SocketAddress, listener: Listener, worker: Worker) {
        self.address = address
        self.socket = socket
        self.listener = listener
        self.worker = worker
    }

    func start() throws(SystemCallError) {
        self.token = self.worker.loop.register(self)
        try self.worker.loop.add(self.socket.descriptor, .readable, isRepeated: true, to: self.token, tag: 0)
    }

    /// Takes no connection for the time being: they wait in the socket.
    func hold() {
        self.isHeld = true
    }

    /// Takes connections again.
    func release() {
        self.isHeld = false
        self.worker.loop.yield(self.token)
    }

    /// A second descriptor of the socket, for a process that is to listen too.
    func duplicate() throws(SystemCallError) -> Descriptor { try self.socket.duplicate() }

    /// Takes the connections that wait, and closes the socket.
    func finish() {
        // As many as the backlog can hold: who comes all the time is not to keep it open.
        for _ in 0..<64 {
            guard !self.isPaused, self.accept(atMost: Self.batch) else { break }
        }
        self.stop()
    }

    /// Takes no more connections, and closes the socket.
    func stop() {
        self.worker.loop.cancel(self.timer)
        // Closing alone would leave the loop to be woken where another process, or another loop, has the socket too.
        self.worker.loop.remove(self.socket.descriptor)
        self.worker.loop.deregister(self.token)
        self.socket.close()
    }

    func ready(_ events: ReadyEvents, tag: UInt8) {
        guard !self.isPaused && !self.isHeld else { return self.letWait() }
        guard self.isToldRepeatedly else {
            self.accept(atMost: Self.batch)
            return
        }
        let loop = self.worker.loop
        let comesAgain = loop.isNext(after: self.lastTurn)
        self.lastTurn = loop.turn
        self.accept(atMost: comesAgain ? Self.batch : 1)
    }

    /// Leaves connections to wait without being told of them in every turn.
    private func letWait() {
        guard self.isToldRepeatedly else { return }
        // Where the kernel has no memory for that, the loop goes on telling.
        let (descriptor, token) = (self.socket.descriptor, self.token)
        if (try? self.worker.loop.modify(descriptor, .readable, to: token, tag: 0)) != nil {
            self.isToldRepeatedly = false
        }
    }

    func timerFired(tag: UInt8) {
        self.resumeIfPaused()
    }

    func resumed() {
        if !self.isPaused && !self.isHeld { self.accept(atMost: Self.batch) }
    }

    func resumeIfPaused() {
        guard self.isPaused else { return }
        self.isPaused = false
        self.worker.loop.cancel(self.timer)
        // In a turn of its own: the caller may be in the middle of ending a session.
        self.worker.loop.yield(self.token)
    }

    /// - Returns: whether more may wait.
    @discardableResult
    private func accept(atMost most: Int) -> Bool {
        for _ in 0..<most {
            let shared = self.worker.shared
            guard shared.sessionCount.load(ordering: .relaxed) < shared.sessionLimit else {
                self.stopFor("the limit of sessions is reached")
                return false
            }
            var peer = SocketAddress(ip: .v4(0), port: 0)
            do throws(SystemCallError) {
                guard let socket = try self.socket.accept(peer: &peer) else { return false }
                Session.begin(socket, from: peer, at: self.listener, on: self.worker)
            } catch {
                if error.isExhaustion {
                    self.stopFor(error.description)
                    return false
                }
                // Anything else is about that one connection (ECONNABORTED, EPERM of a firewall): take the next.
            }
        }
        if most > 1 { self.worker.loop.yield(self.token) }
        return true
    }

    private func stopFor(_ reason: String) {
        self.worker.note(.acceptPaused, reason, at: self.listener.name)
        self.isPaused = true
        // Before anybody is evicted, for that ends the pause and the timer.
        self.timer = self.worker.loop.schedule(after: Self.pause, to: self.token, tag: 0)
        if let session = self.worker.drained.popOldest() {
            self.worker.note(.drainEvicted, reason, at: self.listener.name)
            session.evict()
        }
    }
}
