import CausewayBytes
import CausewayIO

/// How a session ends that never was one.
extension Session {
    /// How long a peer that was told no may keep sending.
    private static let lingerTimeout = Interval.seconds(1)
    /// Reads that one turn throws away before others have theirs.
    private static let discardBatch = 16
    /// Bytes of a refused stream that are read at once; then it is read slowly, and at last not at all. That costs
    /// whoever sends it more than us, and tells a blind relay in front that nobody wants the bytes.
    static let discardedAtOnce = 64 * 1024
    private static let discardedAtMost = 1 << 20
    private static let discardRest = Interval.milliseconds(500)

    var isDraining: Bool {
        if case .draining = self.phase { true } else { false }
    }

    /// Says nothing, reads on and throws away, until the peer leaves or the handshake's deadline, which stands, comes:
    /// the same for every cause, so that none can be told from another (protocol reference 2.7).
    func drain() {
        self.phase = .draining
        self.listener.traffic[self.worker.number].countFailure()
        self.up.release(to: self.worker)
        self.worker.drained.append(self)
        if self.worker.drained.count > self.worker.shared.limits.drained, let oldest = self.worker.drained.popOldest() {
            self.worker.note(.drainEvicted, "too many are being drained", at: self.listener.name)
            oldest.evict()
        }
        self.discard()
    }

    /// Treats a peer that is not who it should be as the listener's policy says.
    func reject(_ cause: String, _ policy: Listener.RejectPolicy) {
        self.note(.handshakeRefused, cause, at: self.listener.name)
        switch policy {
        case .drain: self.drain()
        case .reset:
            self.listener.traffic[self.worker.number].countFailure()
            self.abort()
        }
    }

    /// The first bytes have not come in time. Nothing of them was wrong yet, so nothing is said either.
    func handshakeDidNotCome() {
        switch self.listener.rejectPolicy {
        case .drain: self.close()
        case .reset: self.abort()
        }
    }

    /// Gives a drained connection up to make room.
    func evict() {
        self.abort()
    }

    /// Says `reply`, shuts down writing, reads off for a moment what the peer still sends (so that the close does not
    /// turn into a reset that overtakes the reply), and closes.
    func refuse(with reply: [UInt8]) {
        self.up.release(to: self.worker)
        self.far.close(resetting: true)
        if !reply.isEmpty { self.say(reply) }
        if case .closed = self.phase { return }
        self.near.socket.shutDownWriting()
        self.phase = .lingering
        self.front = nil
        self.setTimer(Self.lingerTimeout)
        self.discard()
    }

    /// Stops forwarding a stream that somebody between the peers has changed, or that a broken peer sends. Where in it
    /// the bad byte was must not show: what still comes is thrown away until the peer leaves or the deadline comes, and
    /// then both legs are reset (protocol reference 2.7). Only an application on this machine or network learns of it at
    /// once, for it cannot be the one who probes.
    func abandon(_ tag: UInt8) {
        self.phase = .corrupted(tag)
        self.up.release(to: self.worker)
        self.down.release(to: self.worker)
        self.setTimer(self.listener.handshakeTimeout)
        if tag != Self.nearTag, case .mixed = self.listener.kind { self.near.close(resetting: true) }
        self.discard()
    }

    /// The deadline of a refused session: what has come is read, so that the close is a FIN, and then it ends.
    func drainIsOver() {
        for _ in 0..<Self.discardBatch {
            guard case .transferred = self.near.read(into: self.worker.scratch.body) else { break }
        }
        self.close()
    }

    /// Reads and throws away; ends with the peer.
    func discard() {
        if case .draining = self.phase, self.discardedCount >= self.discardLimit {
            guard self.discardLimit < Self.discardedAtMost else { return }
            self.discardLimit += Scratch.chunkCount
            return self.waitForTurn(Self.discardRest)
        }
        for _ in 0..<Self.discardBatch {
            let result: TransferResult
            if case .corrupted(let tag) = self.phase, tag != Self.nearTag {
                guard self.far.isReadable else { return }
                result = self.far.read(into: self.worker.scratch.body.region(0..<Scratch.chunkCount))
            } else {
                guard self.near.isReadable else { return }
                result = self.near.read(into: self.worker.scratch.body.region(0..<Scratch.chunkCount))
            }
            switch result {
            case .transferred(let count):
                guard case .draining = self.phase else { continue }
                self.discardedCount += count
                if self.discardedCount >= self.discardLimit { return self.discard() }
            case .wouldBlock: return
            case .endOfStream, .failed:
                if case .corrupted = self.phase { return self.abort() }
                return self.close()
            }
        }
        self.worker.loop.yield(self.token)
    }

    /// Writes a short reply to the near leg. A peer that does not take a few bytes is not worth waiting for.
    func say(_ reply: [UInt8]) {
        let region = self.worker.scratch.body
        region.copy(reply)
        guard self.near.isWritable, self.near.socket.write(region.region(0..<reply.count)) == .transferred(reply.count)
        else {
            return self.abort()
        }
    }
}
