import CausewayBytes
import CausewayIO
import Glibc

extension Session {
    /// How long the rest of a first unit is waited for.
    private static let firstUnitWait = Interval.milliseconds(100)

    /// Gives both directions their turn.
    func relay() {
        if self.route?.inquiry != nil { return }
        let up = self.up.run(
            from: &self.near,
            to: &self.far,
            isLast: self.down.isFinished,
            allowance: &self.allowance,
            on: self.worker
        )
        if case .failed(let failure) = up {
            // A target that answers and resets while the customer still talks: the reset is seen by writing, while the
            // answer waits to be read.
            if case .destination = failure {
                self.far.note(.error)
                self.receiveLast()
            }
            return self.ended(by: failure, from: Self.nearTag)
        }
        let down = self.down.run(
            from: &self.far,
            to: &self.near,
            isLast: self.up.isFinished,
            allowance: &self.allowance,
            on: self.worker
        )
        if case .failed(let failure) = down { return self.ended(by: failure, from: self.farTag) }
        if case .mute = down {
            if self.inquire(orElse: { _ in }) { return }
            self.down.mayEndMute = true
            return self.relay()
        }
        if self.route != nil, self.down.hasBegun || self.down.isFinished { self.answered() }
        self.countBytes()
        if self.up.isFinished, self.down.isFinished { return self.close() }
        switch (up, down) {
        case (.exhausted, _), (_, .exhausted): return self.abort()
        case (.yielded, _), (_, .yielded): self.worker.loop.yield(self.token)
        case (.blocked, _), (.finished, _), (.failed, _), (.mute, _): break
        }
        if self.up.isHolding || self.down.isHolding { self.waitForFirstUnit() }
    }

    /// Brings the customer what the far leg still has to say before its reset.
    private func receiveLast() {
        _ = self.down.run(
            from: &self.far,
            to: &self.near,
            isLast: true,
            allowance: &self.allowance,
            on: self.worker
        )
    }

    /// A leg has an error that no direction has run into yet, being blocked towards the other.
    func legFailed(_ tag: UInt8) {
        if tag == self.farTag, self.route?.inquiry != nil { return }
        guard tag == self.farTag else {
            if tag == Self.nearTag { self.abort() }
            return
        }
        self.ended(by: .source(SystemCallError(code: ECONNRESET, call: "read")), from: tag)
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
            self.worker.note(.streamCorrupt, "a record did not open", at: self.listener.name)
            self.abandon(tag)
        case (.stream, true):
            self.worker.note(.streamCorrupt, "a record did not open", at: self.listener.name)
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
