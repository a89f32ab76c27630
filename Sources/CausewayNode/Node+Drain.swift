import CausewayAdmin
public import CausewayBytes
import CausewayConfig
import CausewayIO
import Dispatch
import Logging
import Synchronization

/// The end of a node that lets its sessions come to theirs.
extension Node {
    /// Time that connections on which nothing was asked have left to do so.
    static let lastWord = DispatchTimeInterval.milliseconds(500)

    /// Takes no more connections: the listeners close, so that whoever checks this node finds it down and goes
    /// elsewhere, and so do connections on which nothing was asked yet. Sessions go on. A second call may bring the
    /// deadline nearer, or farther.
    ///
    /// - Parameter time: what sessions have at most; `nil` for what the configuration says.
    /// - Returns: whether the node took connections before.
    @discardableResult
    public func drain(within time: Interval? = nil) -> Bool {
        self.lock.withLock { _ in
            let time = time ?? self.plan.present.configuration.drain
            let isFirst = self.shared.drainDeadline == nil
            self.shared.drainDeadline = HostSystem.now + time
            guard isFirst else { return false }
            self.logger.notice("draining", metadata: ["sessions": "\(self.sessionCount)", "deadline": "\(time)"])
            let loops = self.shared.loops
            loops.execute { $0.drain() }
            // What was asked already has been read by then.
            DispatchQueue.global().asyncAfter(deadline: .now() + Self.lastWord) {
                loops.execute { $0.endUnused() }
            }
            return true
        }
    }

    /// Gives the sessions of a node that has handed over the time that those of one have that is to end.
    public func hasten() {
        self.lock.withLock { _ in
            let end = HostSystem.now + self.plan.present.configuration.drain
            if let deadline = self.shared.drainDeadline, end < deadline { self.shared.drainDeadline = end }
        }
    }

    /// When sessions that are still there end with the node; `nil` where it does not drain.
    public var drainDeadline: Instant? { self.shared.drainDeadline }

    /// Whether nothing is left to wait for: no session is there, or the deadline has come.
    public var isDrained: Bool {
        guard let deadline = self.drainDeadline else { return false }
        // The bill of those that have handed over to this one is this one's to write.
        let isAlone = self.isSucceeded || !(self.users.service?.hasOthers ?? false)
        return self.sessionCount == 0 && isAlone || HostSystem.now >= deadline
    }

    /// The same for the admin API: the node's owner is told, who ends it when it is drained.
    func drain(seconds: Int?) throws(ControlError) -> DrainReport {
        guard let ender = self.owner?.end else { throw .unavailable("nobody would end the node") }
        // Telling the owner twice would be to ask for haste.
        if self.drain(within: seconds.map { .seconds($0) }) {
            // The answer is to be out before a node without sessions is gone.
            DispatchQueue.global().asyncAfter(deadline: .now() + Self.lastWord) { ender() }
        }
        return DrainReport(sessions: self.sessionCount, secondsLeft: self.secondsLeft)
    }

    /// Seconds to the deadline, in thousandths.
    var secondsLeft: Double {
        let left = self.drainDeadline.map { max(($0 - HostSystem.now).nanoseconds, 0) } ?? 0
        return Double(left / 1_000_000) / 1_000
    }

    var sessionCount: Int { self.shared.sessionCount.load(ordering: .relaxed) }
}

extension Worker {
    /// Takes no more connections than those that wait already, and keeps none warm. On the loop's thread.
    func drain() {
        for acceptor in self.acceptors { acceptor.finish() }
        self.acceptors = []
        self.isDraining = true
        for stock in self.warmStocks { stock?.stop() }
        self.warmStocks = []
    }

    /// Ends connections that nobody has asked anything of, such as those that an entry keeps warm. On the loop's thread.
    func endUnused() {
        var unused: [Session] = []
        self.loop.forEachHandler { handler in
            if let session = handler as? Session, session.isUnused { unused.append(session) }
        }
        for session in unused { session.abort() }
    }
}

extension Session {
    /// Whether nothing was asked on the connection, or nothing will be answered.
    fileprivate var isUnused: Bool {
        switch self.phase {
        case .proxyHeader, .draining: true
        case .request(let stage): stage.held.isEmpty
        case .identity(let stage): stage.held.isEmpty
        case .front, .connecting, .awaitingPayload, .relaying, .associated, .delivering, .lingering, .corrupted,
            .closed:
            false
        }
    }
}
