import CausewayBytes
import CausewayFronts
import CausewayIO

/// Finds out whether an exit is still there, by connecting to it: for a session whose connection through it has ended
/// before an answer, which may be the exit's death or its target's refusal.
final class ExitInquiry: EventHandler, ConnectorClient {
    /// How long the exit may take.
    private static let patience = Interval.milliseconds(1500)

    private let exit: Exit
    private unowned let worker: Worker
    /// Told once, after which the inquiry is gone.
    private let report: (_ isThere: Bool) -> Void
    private var connector: Connector?
    private var token = HandlerToken.none
    private var timer = TimerWheel.Handle.none

    init(of exit: Exit, on worker: Worker, report: @escaping (_ isThere: Bool) -> Void) {
        self.exit = exit
        self.worker = worker
        self.report = report
    }

    func begin(_ server: Address) {
        self.token = self.worker.loop.register(self)
        self.timer = self.worker.loop.schedule(after: Self.patience, to: self.token, tag: 0)
        let connector = Connector(to: server, by: self.exit, policy: nil, for: self, on: self.worker)
        self.connector = connector
        connector.start()
    }

    func cancel() {
        self.connector?.cancel()
        self.connector = nil
        self.worker.loop.cancel(self.timer)
        self.worker.loop.deregister(self.token)
    }

    func connected(_ socket: consuming Socket) {
        self.end(isThere: true)
    }

    func connectFailed(_ failure: ConnectFailure) {
        self.end(isThere: false)
    }

    func timerFired(tag: UInt8) {
        self.timer = .none
        self.end(isThere: false)
    }

    func ready(_ events: ReadyEvents, tag: UInt8) {}

    func resumed() {}

    private func end(isThere: Bool) {
        self.cancel()
        self.report(isThere)
    }
}
