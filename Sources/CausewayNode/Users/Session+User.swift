import CausewayBytes
import CausewayCore
import CausewayIO

/// A session as one of its user's.
extension Session {
    /// An exit that acknowledges more than this without an answer has taken the session: of one that it refuses, because
    /// it was recorded and sent again, it reads less than that (``drain()``).
    private static let acknowledgedEnough = 4 << 20
    /// How long a session waits for bytes that another one has on lease.
    static let contention = Interval.milliseconds(1)

    /// Makes the session one of the user with credential number `number`. Where that is not allowed the session is reset, as the user has
    /// proved who it is, and `false` comes back.
    ///
    /// - Parameter isProvisional: what goes up is billed once there is an answer. A blind relay cannot tell a session
    ///   from its recording; the exit can, and does not answer it.
    func enter(_ number: Int, isProvisional: Bool) -> Bool {
        guard self.isLetIn(UserDirectory.Credential(number: number)) else {
            self.listener.traffic[self.worker.number].countFailure()
            self.abort()
            return false
        }
        if isProvisional, let member = self.member {
            self.up.meter = Meter(counter: member.sessions.up, isProvisional: true)
            self.down.tellsBeginning = true
        }
        return true
    }

    /// Makes the session one of the user with `credential`, unless that is not allowed.
    func isLetIn(_ credential: UserDirectory.Credential) -> Bool {
        guard self.member == nil else { return true }
        guard let account = self.worker.users.account(credential.slot) else { return false }
        // The keys that the handshake knows are those of its beginning.
        guard account.credentials & 1 << UInt8(credential.place) != 0 else {
            self.note(.userRefused, "key withdrawn", at: self.listener.name)
            return false
        }
        let isClosed = self.worker.shared.isClosedToUsers
        if let denial = isClosed ? .ledger : account.enter(from: self.source.ip, now: self.worker.loop.now) {
            self.worker.shared.denials.count(denial)
            self.note(.userRefused, denial.rawValue, at: self.listener.name)
            return false
        }
        self.worker.users.join(self, account, by: credential, loop: self.worker.number)
        guard let sessions = self.member?.sessions else { return false }
        self.up.meter = Meter(counter: sessions.up, isProvisional: false)
        self.down.meter = Meter(counter: sessions.down, isProvisional: false)
        return true
    }

    /// The session ends: what it has taken and not delivered goes back to the user.
    func leaveUser() {
        guard let account = self.member?.sessions.account else { return }
        if self.up.meter.isProvisional { account.noteUnanswered(self.up.meter.billed) }
        let unbilled = self.up.meter.unbilled + self.down.meter.unbilled
        if unbilled > 0 { account.quota.add(Int64(clamping: unbilled)) }
        account.leave()
        self.worker.users.leave(self)
    }

    /// Ends the session because its user may have none any more; `nil` where it is the key that was withdrawn.
    func cutOff(_ denial: Denial?) {
        self.note(.userCut, denial?.rawValue ?? "key withdrawn", at: self.listener.name)
        if denial == .quota { self.deliverAndAbort() } else { self.abort() }
    }

    /// The quota has come to its end, for every session of the user on every loop.
    func quotaIsUsedUp() {
        guard let account = self.member?.sessions.account else { return }
        self.worker.shared.loops.cut(account)
        self.worker.cut(account)
        // Somebody has given something back meanwhile: then it goes on.
        if case .relaying = self.phase { self.waitForTurn(Self.contention) }
    }

    // MARK: - Waiting

    /// Lets the session rest until it may move bytes again.
    func waitForTurn(_ interval: Interval) {
        self.worker.loop.cancel(self.turnTimer)
        self.turnTimer = self.worker.loop.schedule(after: interval, to: self.token, tag: Self.turnTag)
    }

    func turnHasCome() {
        self.turnTimer = .none
        switch self.phase {
        case .relaying: self.relay()
        case .draining: self.discard()
        case .delivering: self.deliver()
        default: break
        }
    }

    // MARK: - Unanswered bytes

    /// Bills a long upload that nobody answers, once it is clear that the exit takes it.
    func confirmLongUpload() {
        guard self.up.meter.isProvisional, self.up.meter.billed > Self.acknowledgedEnough else { return }
        let (acknowledged, overflow) = Int(clamping: self.up.meter.billed)
            .subtractingReportingOverflow(self.far.socket.unacknowledged)
        guard !overflow, acknowledged > Self.acknowledgedEnough else { return }
        self.up.meter.confirm()
        self.down.tellsBeginning = false
    }
}
