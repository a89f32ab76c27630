import CausewayBytes
import CausewayConfig
import CausewayIO
import Synchronization

/// Divides rates anew among the sockets of a loop, some time after their number has changed: so however fast they come
/// and go, there are at most five rounds of calls in a second.
final class CongestionTicker: EventHandler {
    private static let pause = Interval.milliseconds(200)

    private unowned let worker: Worker
    private var token = HandlerToken.none
    private var isRunning = false

    init(on worker: Worker) {
        self.worker = worker
    }

    /// Something has changed. On the loop's thread.
    func begin() {
        guard !self.isRunning else { return }
        self.isRunning = true
        self.token = self.worker.loop.register(self)
        _ = self.worker.loop.schedule(after: Self.pause, to: self.token, tag: 0)
    }

    func timerFired(tag: UInt8) {
        self.isRunning = false
        self.worker.loop.deregister(self.token)
        self.worker.shared.loops.congestionIsFollowed()
        self.worker.followCongestion()
    }

    func ready(_ events: ReadyEvents, tag: UInt8) {}
    func resumed() {}
}

extension Worker {
    /// Brings all sockets of this loop in line with their policies. On the loop's thread.
    func followCongestion() {
        self.loop.forEachHandler { ($0 as? Session)?.followCongestion() }
    }

    /// The same after a reload.
    func followCongestion(_ plan: Plan) {
        guard plan.hasCongestion else { return }
        self.loop.forEachHandler { ($0 as? Session)?.followCongestion(plan) }
    }
}

extension Plan {
    var hasCongestion: Bool {
        self.listeners.contains { $0.congestion != nil } || self.exits.contains { $0.congestion != nil }
    }

    /// Makes policies ask for what the configuration says, once it is in force.
    func changeCongestion() {
        for listener in self.configuration.listeners {
            self.listeners.first { $0.name == listener.name }?.congestion?.change(to: listener.socket.congestion)
        }
        for exit in self.configuration.exits {
            let congestion: Configuration.Congestion? =
                switch exit.kind {
                case .direct(let direct): direct.socket.congestion
                case .tunnel(let tunnel): tunnel.socket.congestion
                case .group, .block: nil
                }
            self.exits.first { $0.name == exit.name }?.congestion?.change(to: congestion)
        }
    }
}

extension LoopBoard {
    /// Sockets share a rate with more or fewer than before: in a moment all loops divide it anew.
    func congestionHasChanged() {
        if !self.isCongestionChanging.exchange(true, ordering: .relaxed) {
            self.execute { $0.congestionTicker.begin() }
        }
    }

    /// A loop divides anew: what changes from now on is for the next time.
    func congestionIsFollowed() {
        self.isCongestionChanging.store(false, ordering: .relaxed)
    }
}
