import CausewayBytes
import CausewayIO
import CausewayWire

/// The salt and identity headers of a client of a blind relay, while they come in. A class, so that it is gone when the
/// session is open.
final class RelayStage {
    let keys: RelayAcceptor.Keys
    var acceptor: RelayAcceptor
    /// All that was received so far.
    var held = Block()

    init(_ keys: RelayAcceptor.Keys) {
        self.keys = keys
        self.acceptor = RelayAcceptor(keys)
    }
}

extension Session {
    /// Bytes that one read of the handshake asks for beyond what is held.
    private static let handshakeRead = 72 * 1024

    func readIdentity(_ stage: RelayStage) {
        guard case .relay(let relay) = self.listener.kind else { return }
        while case .identity = self.phase {
            guard self.near.isReadable else { return }
            let area = self.worker.scratch.body
            let kept = stage.held.count
            switch self.near.read(into: area.region(kept..<kept + Self.handshakeRead)) {
            case .transferred(let count):
                area.copy(stage.held.region)
                self.worker.pool.release(&stage.held)
                let input = area.region(0..<kept + count)
                // As at a tunnel listener: where errors are answered by a reset, the count must not show.
                guard relay.policy == .drain || input.count >= RelayAcceptor.neededCount(stage.keys) else {
                    return self.abort()
                }
                self.judge(input, stage, relay)
            case .wouldBlock: return
            case .endOfStream, .failed:
                self.worker.pool.release(&stage.held)
                return self.close()
            }
        }
    }

    private func judge(_ input: ByteRegion, _ stage: RelayStage, _ relay: Listener.Relay) {
        do throws(RelayAcceptor.Refusal) {
            let outcome = try stage.acceptor.receive(
                input,
                now: self.worker.loop.now,
                clock: self.worker.loop.clock,
                salts: relay.salts,
                with: self.worker.aes
            )
            switch outcome {
            case .needMore: stage.held = self.worker.pool.block(copying: input)
            case .accepted(let accepted): self.accept(accepted, input, relay)
            }
        } catch {
            self.reject("\(error)", relay.policy)
        }
    }

    /// Takes the headers that were for this relay out and sends the rest on as it came.
    private func accept(_ accepted: RelayAcceptor.Accepted, _ input: ByteRegion, _ relay: Listener.Relay) {
        let rest = input.suffix(from: accepted.consumed)
        self.up.early = self.worker.pool.block(accepted.saltCount + rest.count)
        self.up.early.region.copy(input.region(0..<accepted.saltCount))
        self.up.early.region.copy(rest, to: accepted.saltCount)
        self.up.holdCount = Int32(RelayAcceptor.firstUnitCount(relay.method))
        self.down.holdCount = Int32(RelayAcceptor.firstResponseCount(relay.method))
        if let user = accepted.user, !self.enter(user, isProvisional: true) { return }
        self.leave(by: relay.next[accepted.next], to: nil)
    }
}
