import CausewayBytes
import CausewayFronts
import CausewayIO

/// One connection that is made before anybody needs it.
final class WarmSocket: EventHandler, ConnectorClient {
    /// Seconds that a socket is kept: between the two, so that they do not all go at once.
    private static let shortestAge = 20
    private static let ageSpread = 20

    private unowned let stock: WarmStock
    private unowned let worker: Worker
    private var connector: Connector?
    private var socket = Socket()
    private var token = HandlerToken.none
    private var timer = TimerWheel.Handle.none
    private var isReady = false

    init(of stock: WarmStock) {
        self.stock = stock
        self.worker = stock.worker
    }

    func connect() {
        guard case .tunnel(let server, _) = self.stock.exit.kind else { return }
        self.token = self.worker.loop.register(self)
        self.timer = self.worker.loop.schedule(after: self.stock.exit.connectTimeout, to: self.token, tag: 0)
        let connector = Connector(to: server, by: self.stock.exit, policy: nil, for: self, on: self.worker)
        self.connector = connector
        connector.start()
    }

    /// The socket, unless the next hop has closed it meanwhile or has spoken, which it never does first.
    func take() -> Socket? {
        guard self.isReady else { return nil }
        self.isReady = false
        var socket = Socket()
        swap(&socket, &self.socket)
        self.leave()
        guard socket.peek(into: self.worker.scratch.body.region(0..<1)) == .wouldBlock else { return nil }
        return socket
    }

    /// Ends it, without a word to the stock.
    func discard() {
        self.connector?.cancel()
        self.connector = nil
        self.isReady = false
        self.leave()
    }

    func connected(_ socket: consuming Socket) {
        self.connector = nil
        self.socket = socket
        do throws(SystemCallError) {
            try self.worker.loop.modify(self.socket.descriptor, .stream, to: self.token, tag: 0)
        } catch {
            return self.connectFailed(ConnectFailure(error))
        }
        self.isReady = true
        self.worker.loop.cancel(self.timer)
        let age = Self.shortestAge * 1000 + Int(self.worker.random.next() % UInt64(Self.ageSpread * 1000))
        self.timer = self.worker.loop.schedule(after: .milliseconds(age), to: self.token, tag: 0)
        self.stock.isReady(self)
    }

    func connectFailed(_ failure: ConnectFailure) {
        self.connector?.cancel()
        self.connector = nil
        self.leave()
        self.stock.hasFailed(self, failure)
    }

    func timerFired(tag: UInt8) {
        self.timer = .none
        guard self.isReady else { return self.connectFailed(.timedOut) }
        self.end(unused: true)
    }

    func ready(_ events: ReadyEvents, tag: UInt8) {
        // Writable is what it has been all the time; anything else is the next hop's end.
        guard self.isReady, !events.isDisjoint(with: [.readable, .readHangUp, .hangUp, .error]) else { return }
        self.end(unused: false)
    }

    func resumed() {}

    private func end(unused: Bool) {
        self.isReady = false
        self.leave()
        self.stock.isGone(self, unused: unused)
    }

    private func leave() {
        self.socket.close()
        self.worker.loop.cancel(self.timer)
        self.worker.loop.deregister(self.token)
    }
}
