import CausewayIO

extension Session {
    /// Gives both directions their turn.
    func relay() {
        let up = self.up.run(from: &self.near, to: &self.far, isLast: self.down.isFinished, on: self.worker)
        if case .failed(let failure) = up {
            // A target that answers and resets while the customer still talks: the reset is seen by writing, while the
            // answer waits to be read.
            if case .destination = failure {
                self.far.note(.error)
                _ = self.down.run(from: &self.far, to: &self.near, isLast: true, on: self.worker)
            }
            return self.ended(by: failure, from: Self.nearTag)
        }
        let down = self.down.run(from: &self.far, to: &self.near, isLast: self.up.isFinished, on: self.worker)
        if case .failed(let failure) = down { return self.ended(by: failure, from: Self.farTag) }
        if self.up.isFinished, self.down.isFinished { return self.close() }
        switch (up, down) {
        case (.yielded, _), (_, .yielded): self.worker.loop.yield(self.token)
        case (.blocked, _), (.finished, _), (.failed, _): break
        }
    }

    /// Ends a session that cannot go on, because of the direction that comes from the leg under `tag`. A broken
    /// connection is passed on as what it was: a reset.
    func ended(by failure: Flow.Failure, from tag: UInt8) {
        switch failure {
        case .source, .destination, .body: self.abort()
        case .stream:
            self.worker.note(.streamCorrupt, "a record did not open", at: self.listener.name)
            self.abandon(tag)
        }
    }
}
