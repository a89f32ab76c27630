import CausewayBytes
import CausewayCore
import CausewayFronts
import CausewayIO

/// The connected sockets that one loop keeps ready for one tunnel exit, so that a new session pays no round trip to the
/// next hop before its first byte.
///
/// Nothing is sent on them until they are used. Each is replaced after a while that differs, well before the next hop's
/// deadline for a silent connection (60 s in ours), and at once when the next hop closes it. How many there are follows
/// the demand (``WarmTarget``).
final class WarmStock: EventHandler {
    /// Pauses after attempts that failed: the first, and the longest that doubling leads to.
    private static let firstPause = Interval.seconds(1)
    private static let longestPause = Interval.seconds(30)

    let exit: Exit
    unowned let worker: Worker
    private var target: WarmTarget
    private var token = HandlerToken.none
    /// The newest last. The newest is used first, so that what is too many grows old and goes.
    private var ready: [WarmSocket] = []
    private var connecting: [WarmSocket] = []
    private var pause = WarmStock.firstPause
    private var timer = TimerWheel.Handle.none
    private var isPaused = false

    init(exit: Exit, worker: Worker) {
        self.exit = exit
        self.worker = worker
        let loops = worker.shared.limits.loops
        self.target = WarmTarget(maximum: (exit.warm + loops - 1) / loops)
        self.token = worker.loop.register(self)
    }

    /// A socket that was connected a moment ago and whose next hop has not closed it; it is watched under the stock's
    /// token still and is to be moved to another.
    func take() -> Socket? {
        let counters = self.exit.warmth[self.worker.number]
        defer {
            self.fill()
            counters.set(ready: self.ready.count, target: self.target.count)
        }
        while let socket = self.ready.popLast() {
            guard let live = socket.take() else { continue }
            self.target.taken(left: self.ready.count)
            self.pause = Self.firstPause
            counters.countTaken()
            return live
        }
        self.target.missed()
        counters.countMissed()
        return nil
    }

    /// Starts as many connections as are missing.
    func fill() {
        guard !self.isPaused else { return }
        while !self.isPaused, self.ready.count + self.connecting.count < self.target.count {
            let socket = WarmSocket(of: self)
            self.connecting.append(socket)
            socket.connect()
        }
        self.exit.warmth[self.worker.number].set(ready: self.ready.count, target: self.target.count)
    }

    /// Closes all sockets, and keeps none any more.
    func stop() {
        for socket in self.ready + self.connecting { socket.discard() }
        self.ready = []
        self.connecting = []
        self.worker.loop.cancel(self.timer)
        self.worker.loop.deregister(self.token)
        self.exit.warmth[self.worker.number].set(ready: 0, target: 0)
    }

    // MARK: - What the sockets tell

    func isReady(_ socket: WarmSocket) {
        self.connecting.removeAll { $0 === socket }
        self.ready.append(socket)
        self.fill()
    }

    /// The connection did not come about: the next attempt waits, ever longer.
    func hasFailed(_ socket: WarmSocket, _ failure: ConnectFailure) {
        self.connecting.removeAll { $0 === socket }
        self.worker.note(.connectFailed, "\(failure)", at: self.exit.name)
        self.rest()
    }

    /// The socket has grown old, or the next hop has closed it.
    func isGone(_ socket: WarmSocket, unused: Bool) {
        self.ready.removeAll { $0 === socket }
        if unused {
            self.target.expired()
            self.fill()
        } else {
            // One that closes what it has just accepted is not to be asked without end.
            self.rest()
        }
    }

    /// Waits before the next attempt, until a session has had a socket each time longer.
    private func rest() {
        guard !self.isPaused else { return }
        self.isPaused = true
        self.timer = self.worker.loop.schedule(after: self.pause, to: self.token, tag: 0)
        self.pause = min(Interval(nanoseconds: 2 * self.pause.nanoseconds), Self.longestPause)
    }

    func timerFired(tag: UInt8) {
        self.isPaused = false
        self.fill()
    }

    func resumed() {}

    func ready(_ events: ReadyEvents, tag: UInt8) {}
}
