import CausewayIO

extension Session {
    /// Gives both directions their turn.
    func relay() {
        let up = self.up.run(from: &self.near, to: &self.far, isLast: self.down.isFinished, on: self.worker)
        if case .failed(let failure) = up { return self.ended(by: failure) }
        let down = self.down.run(from: &self.far, to: &self.near, isLast: self.up.isFinished, on: self.worker)
        if case .failed(let failure) = down { return self.ended(by: failure) }
        if self.up.isFinished, self.down.isFinished { return self.close() }
        switch (up, down) {
        case (.yielded, _), (_, .yielded): self.worker.loop.yield(self.token)
        case (.blocked, _), (.finished, _), (.failed, _): break
        }
    }

    /// Ends a session that cannot go on. A broken connection is passed on as what it was: a reset.
    func ended(by failure: Flow.Failure) {
        switch failure {
        case .source, .destination, .body: self.abort()
        case .stream:
            self.worker.note(.streamCorrupt, "a record did not open", at: self.listener.name)
            self.drainCorrupted()
        }
    }

    /// Somebody between the peers has changed the stream, or a peer is broken. The bytes that are bad must not decide
    /// when and how the connection ends: what comes is thrown away until the peer leaves or the deadline comes.
    private func drainCorrupted() {
        self.abort()
    }
}
