import CausewayBytes
import CausewayCore
import CausewayIO
import Glibc

extension Session {
    /// How long the rest of a first unit is waited for.
    private static let firstUnitWait = Interval.milliseconds(100)

    /// Gives both directions their turn, within what the user may move.
    func relay() {
        if self.route?.inquiry != nil { return }
        var left = Int.max
        let account = self.member?.sessions.account
        if let account {
            switch account.quota.lease() {
            case .granted(let count): left = count
            case .contended: return self.waitForTurn(Self.contention)
            case .exhausted: return self.quotaIsUsedUp()
            }
        }
        let lease = left
        let worker = self.worker
        let carried = self.up.byteCount &+ self.down.byteCount
        let turn = self.move(&left, on: worker)
        // Not by an event alone: whose rate is low takes long over what has come before.
        if self.up.byteCount &+ self.down.byteCount != carried { self.lastActivity = worker.loop.now }
        account?.quota.end(lease, used: lease - left)
        if case .failed(let failure) = turn.up { return self.ended(by: failure, from: Self.nearTag) }
        if case .failed(let failure) = turn.down { return self.ended(by: failure, from: self.farTag) }
        switch turn.down {
        case .mute:
            if self.inquire(orElse: { _ in }) { return }
            self.down.mayEndMute = true
            return self.relay()
        case .began:
            self.up.meter.confirm()
            return self.relay()
        case .blocked, .yielded, .finished, .exhausted, .failed: break
        }
        self.confirmLongUpload()
        if self.route != nil, self.down.hasBegun || self.down.isFinished { self.answered() }
        self.countBytes()
        if self.up.isFinished, self.down.isFinished { return self.close() }
        switch (turn.up, turn.down) {
        case (.yielded, _), (_, .yielded): worker.loop.yield(self.token)
        case (.exhausted, _), (_, .exhausted):
            // With a lease used up the next is asked for at once; it is the quota's to say that there is none.
            if left <= 0 { worker.loop.yield(self.token) } else { self.waitForTurn(turn.wait) }
        case (.blocked, _), (.finished, _), (.failed, _), (.mute, _), (.began, _): break
        }
        if self.up.isHolding || self.down.isHolding { self.waitForFirstUnit() }
    }

    /// What came of a turn of both directions.
    private struct Turn {
        var up: Flow.Outcome
        var down: Flow.Outcome
        /// How long those wait that have used up what they may move.
        var wait: Interval
    }

    private func move(_ left: inout Int, on worker: Worker) -> Turn {
        let (up, upWait) = self.moveUp(&left, on: worker)
        if case .failed(let failure) = up {
            // A target that answers and resets while the customer still talks: the reset is seen by writing, while the
            // answer waits to be read.
            if case .destination = failure {
                self.far.note(.error)
                if case .began = self.moveDown(&left, isLast: true, on: worker).0 {
                    self.up.meter.confirm()
                    _ = self.moveDown(&left, isLast: true, on: worker)
                }
            }
            return Turn(up: up, down: .blocked, wait: upWait)
        }
        let (down, downWait) = self.moveDown(&left, isLast: self.up.isFinished, on: worker)
        // Only who has used up its share waits for more of it.
        let wait =
            switch (up.isExhausted, down.isExhausted) {
            case (true, true): min(upWait, downWait)
            case (true, false): upWait
            case (false, _): downWait
            }
        return Turn(up: up, down: down, wait: wait)
    }

    private func moveUp(_ left: inout Int, on worker: Worker) -> (Flow.Outcome, Interval) {
        var share = Share(left, of: self.member?.sessions.account.rateUp.take(left, now: worker.loop.now))
        let allowed = share.allowance
        let outcome = self.up.run(
            from: &self.near,
            to: &self.far,
            isLast: self.down.isFinished,
            allowance: &share.allowance,
            on: worker
        )
        let used = allowed - share.allowance
        left -= used
        self.member?.sessions.account.rateUp.giveBack(share.granted - used)
        return (outcome, share.wait)
    }

    private func moveDown(_ left: inout Int, isLast: Bool, on worker: Worker) -> (Flow.Outcome, Interval) {
        var share = Share(left, of: self.member?.sessions.account.rateDown.take(left, now: worker.loop.now))
        let allowed = share.allowance
        let outcome = self.down.run(
            from: &self.far,
            to: &self.near,
            isLast: isLast,
            allowance: &share.allowance,
            on: worker
        )
        let used = allowed - share.allowance
        left -= used
        self.member?.sessions.account.rateDown.giveBack(share.granted - used)
        return (outcome, share.wait)
    }

    /// A leg has an error that no direction has run into yet, being blocked towards the other.
    func legFailed(_ tag: UInt8) {
        if tag == self.farTag, self.route?.inquiry != nil { return }
        guard tag == self.farTag else {
            if tag == Self.nearTag { self.abort() }
            return
        }
        self.ended(by: .source(SystemCallError(code: ECONNRESET, call: "recv")), from: tag)
    }

    /// Ends a session that cannot go on, because of the direction that comes from the leg under `tag`. A broken
    /// connection is passed on as what it was: a reset. Where the far leg breaks before an answer, there may be another
    /// way.
    func ended(by failure: Flow.Failure, from tag: UInt8) {
        switch (failure, tag == Self.nearTag) {
        case (.destination, true), (.source, false):
            self.route?.member?.suspect()
            // What a blind relay has sent cannot be sent again in other words: an exit that is still there would take
            // it for a replay, or ask its target twice.
            let isBlind = self.route != nil && self.route?.target == nil
            if isBlind ? self.inquire(orElse: { $0.abort() }) : self.goAnotherWay() { return }
            self.abort()
        case (.stream, false):
            self.blameMember("what it answers is no answer")
            if self.goAnotherWay() { return }
            self.note(.streamCorrupt, "a record did not open", at: self.listener.name)
            self.abandon(tag)
        case (.stream, true):
            self.note(.streamCorrupt, "a record did not open", at: self.listener.name)
            self.abandon(tag)
        case (.source, true), (.destination, false), (.body, _): self.abort()
        }
    }

    // MARK: - First units

    private func waitForFirstUnit() {
        guard !self.waitsForFirstUnit else { return }
        self.waitsForFirstUnit = true
        self.setTimer(Self.firstUnitWait)
    }

    func firstUnitIsLate() {
        self.up.stopHolding()
        self.down.stopHolding()
        self.startRelayTimer()
        self.relay()
    }
}
