import CausewayBytes
import CausewayCore
import CausewayFronts
import CausewayIO
import CausewayWire

/// One check of a member of a group: a session through it that fetches a page, on the wire no different from a
/// customer's. Of a member without keys, which only relays use, the connection alone is checked.
final class HealthProbe: EventHandler, ConnectorClient {
    enum Verdict {
        case works
        case fails(String)
    }

    struct Outcome {
        var verdict: Verdict
        /// From the start to the connection; `nil` where there was none.
        var connected: Interval?
        /// From the start to the first byte of the answer, or to the failure.
        var decided: Interval
    }

    /// What resets and ends without an answer are called.
    static let brokenReason = "the connection broke"
    static let closedReason = "it closed without an answer"

    /// Bytes of the answer that are read before the connection is given up.
    private static let patience = 64 * 1024

    private let exit: Exit
    private let check: ExitGroup.Check
    private unowned let worker: Worker
    /// Told once, after which the probe is gone.
    private let report: (Outcome) -> Void
    private let start: Instant
    private var connector: Connector?
    private var token = HandlerToken.none
    private var timer = TimerWheel.Handle.none
    /// There is no customer.
    private var near = Leg()
    private var far = Leg()
    private var up = Flow()
    private var down = Flow()
    private var answer: [UInt8] = []
    private var answerCount = 0
    private var connected: Interval?
    /// Known before the answer has come to its end.
    private var outcome: Outcome?
    private var isOver = false

    init(of exit: Exit, check: ExitGroup.Check, on worker: Worker, report: @escaping (Outcome) -> Void) {
        self.exit = exit
        self.check = check
        self.worker = worker
        self.report = report
        self.start = worker.loop.now
    }

    func begin() {
        self.token = self.worker.loop.register(self)
        self.timer = self.worker.loop.schedule(after: self.check.timeout, to: self.token, tag: 0)
        let connector: Connector
        switch self.exit.kind {
        case .tunnel(let server, _):
            connector = Connector(to: server, by: self.exit, policy: nil, for: self, on: self.worker)
        case .direct(let policy):
            connector = Connector(to: self.check.target, by: self.exit, policy: policy, for: self, on: self.worker)
        case .group, .block: return self.end(.fails("it is no exit of its own"))
        }
        self.connector = connector
        connector.start()
    }

    /// Ends without a verdict.
    func cancel() {
        guard !self.isOver else { return }
        self.leave()
    }

    func connected(_ socket: consuming Socket) {
        self.connector = nil
        self.far.socket = socket
        self.far.isWritable = true
        self.connected = self.worker.loop.now - self.start
        do throws(SystemCallError) {
            try self.worker.loop.modify(self.far.socket.descriptor, .stream, to: self.token, tag: 0)
        } catch {
            return self.end(.fails("\(ConnectFailure(error))"))
        }
        if case .tunnel(_, let credentials) = self.exit.kind {
            guard let credentials else { return self.end(.works) }
            let salt = self.worker.salt(for: credentials.method)
            self.up.header = .request(target: self.check.target, credentials: credentials, salt: salt)
            self.down.expectedResponse = ResponseHeader.Request(
                method: credentials.method,
                key: credentials.userKey,
                salt: salt
            )
            self.sendProxyHeader()
        }
        self.up.early = self.worker.pool.block(copying: self.request)
        self.proceed()
    }

    /// The next hop that expects a PROXY header gets one that names nobody.
    private func sendProxyHeader() {
        guard self.exit.sendsProxyHeader else { return }
        let header = ProxyHeader.version2Local
        let region = self.worker.scratch.body
        region.copy(header)
        _ = self.far.socket.writeBeforeMore(region.region(0..<header.count))
    }

    private var request: [UInt8] {
        let host = self.check.target.port == 80 ? "\(self.check.target.host)" : "\(self.check.target)"
        let fields = "Host: \(host)\r\nUser-Agent: Mozilla/5.0\r\nAccept: */*\r\nConnection: close\r\n"
        return Array("GET \(self.check.path) HTTP/1.1\r\n\(fields)\r\n".utf8)
    }

    func connectFailed(_ failure: ConnectFailure) {
        self.end(.fails("\(failure)"))
    }

    func ready(_ events: ReadyEvents, tag: UInt8) {
        guard self.far.socket.isOpen else { return }
        self.far.note(events)
        self.proceed()
    }

    func resumed() {}

    func timerFired(tag: UInt8) {
        self.timer = .none
        self.end(.fails(self.far.socket.isOpen ? "no answer in time" : "\(ConnectFailure.timedOut)"))
    }

    private func proceed() {
        var allowance = Int.max
        let sent = self.up.run(
            from: &self.near,
            to: &self.far,
            isLast: false,
            allowance: &allowance,
            on: self.worker
        )
        if case .failed = sent { return self.end(.fails(Self.brokenReason)) }
        while !self.isOver {
            switch self.down.fill(from: &self.far, atMost: Self.patience, on: self.worker) {
            case .filled: self.read()
            case .blocked: return
            case .ended: self.end(.fails(Self.closedReason))
            case .failed(.stream): self.end(.fails("what it answers is no answer"))
            case .failed(.source), .failed(.destination), .failed(.body): self.end(.fails(Self.brokenReason))
            }
        }
    }

    /// Looks for the status; what follows is read to its end, as a customer would.
    private func read() {
        self.answerCount += self.worker.regions.byteCount
        if self.outcome == nil {
            for index in 0..<self.worker.regions.count where self.answer.count < HTTPStatusLine.neededCount {
                let region = self.worker.regions[index]
                self.answer += region.region(0..<min(region.count, HTTPStatusLine.neededCount)).array()
            }
            self.judge()
        }
        if self.answerCount > Self.patience { self.end(.fails("its answer does not end")) }
    }

    private func judge() {
        do throws(HTTPStatusLine.Malformed) {
            guard let status = try HTTPStatusLine.status(self.answer) else { return }
            let isGood = (200..<400).contains(status)
            self.outcome = self.outcome(isGood ? .works : .fails("the page of the check has the status \(status)"))
        } catch {
            self.end(.fails("what answers is no web server"))
        }
    }

    /// The end, with this verdict unless there is one already.
    private func end(_ verdict: Verdict) {
        guard !self.isOver else { return }
        self.leave()
        self.report(self.outcome ?? self.outcome(verdict))
    }

    private func outcome(_ verdict: Verdict) -> Outcome {
        Outcome(verdict: verdict, connected: self.connected, decided: self.worker.loop.now - self.start)
    }

    private func leave() {
        self.isOver = true
        self.connector?.cancel()
        self.connector = nil
        self.far.close(resetting: false)
        self.up.release(to: self.worker)
        self.down.release(to: self.worker)
        self.worker.loop.cancel(self.timer)
        self.worker.loop.deregister(self.token)
    }
}
