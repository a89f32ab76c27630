import CausewayBytes
import CausewayIO

/// First units of a blind relay, and starting over.
extension Flow {
    /// Whether bytes wait for the rest of their first unit.
    var isHolding: Bool { self.holdCount > 0 && !self.early.isEmpty }

    /// Sends on what is held, whole or not: the wait is over.
    mutating func stopHolding() {
        self.holdCount = 0
    }

    /// Whether anything has come from the source.
    var hasBegun: Bool {
        self.byteCount > 0 || !self.pending.isEmpty || !self.early.isEmpty || self.pipe.count > 0
    }

    /// Makes the direction towards a new far leg: `sent`, which the old one got, goes out again first.
    mutating func restartDestination(sending sent: SentBytes, on worker: Worker) {
        worker.pool.release(&self.pending)
        self.header = nil
        self.sealer = nil
        self.isFinished = false
        self.byteCount = 0
        guard !sent.block.isEmpty else { return }
        self.meter.repeated = sent.block.count
        // Behind it what was kept back.
        var whole = worker.pool.block(sent.block.count + self.early.count)
        whole.region.copy(sent.block.region)
        whole.region.copy(self.early.region, to: sent.block.count)
        worker.pool.release(&self.early)
        worker.pool.release(&sent.block)
        swap(&self.early, &whole)
        self.holdCount = 0
    }

    /// Makes the direction from a new far leg, as nothing has come from the old one.
    mutating func restartSource(on worker: Worker) {
        worker.pool.release(&self.partial)
        self.opener = nil
        self.expectedResponse = nil
        self.partialIsUnseen = false
        self.sourceHasEnded = false
        self.isFinished = false
    }
}
