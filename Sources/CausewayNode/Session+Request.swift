import CausewayBytes
import CausewayIO
import CausewayWire

/// The header of a tunnel client, while it comes in. A class, so that it is gone when the session is open.
final class RequestStage {
    let keys: RequestAcceptor.Keys
    var acceptor: RequestAcceptor
    /// All that was received so far.
    var held = Block()

    init(_ keys: RequestAcceptor.Keys) {
        self.keys = keys
        self.acceptor = RequestAcceptor(keys)
    }
}

extension Session {
    /// Bytes that one read of the handshake asks for beyond what is held: a whole header and more.
    private static let handshakeRead = 72 * 1024

    func readRequest(_ stage: RequestStage) {
        guard case .tunnel(let tunnel) = self.listener.kind else { return }
        let worker = self.worker
        while case .request = self.phase {
            guard self.near.isReadable else { return }
            let area = worker.scratch.body
            let kept = stage.held.count
            switch self.near.read(into: area.region(kept..<kept + Self.handshakeRead)) {
            case .transferred(let count):
                area.copy(stage.held.region)
                worker.pool.release(&stage.held)
                let input = area.region(0..<kept + count)
                // With resets a short first read is refused at once: else the count at which the reset comes would
                // tell how long the header is.
                guard tunnel.policy == .drain || input.count >= RequestAcceptor.fixedCount(stage.keys) else {
                    return self.abort()
                }
                self.judge(input, stage, tunnel, on: worker)
            case .wouldBlock: return
            case .endOfStream, .failed:
                worker.pool.release(&stage.held)
                return self.close()
            }
        }
    }

    private func judge(_ input: ByteRegion, _ stage: RequestStage, _ tunnel: Listener.Tunnel, on worker: Worker) {
        do throws(RequestAcceptor.Refusal) {
            let outcome = try stage.acceptor.receive(
                input,
                now: worker.loop.now,
                clock: worker.loop.clock,
                salts: tunnel.salts,
                with: worker.aead,
                worker.aes
            )
            switch outcome {
            case .needMore: stage.held = worker.pool.block(copying: input)
            case .accepted(let accepted): self.accept(accepted, input, stage, on: worker)
            }
        } catch {
            self.reject("\(error)", tunnel.policy)
        }
    }

    private func accept(
        _ accepted: RequestAcceptor.Accepted,
        _ input: ByteRegion,
        _ stage: RequestStage,
        on worker: Worker
    ) {
        self.up.early = worker.pool.block(copying: input.region(accepted.payload))
        self.up.begin(accepted.stream, rest: input.suffix(from: accepted.count), on: worker)
        self.down.header = .response(accepted.request)
        if stage.keys.users != nil, !self.enter(accepted.user, isProvisional: false) { return }
        self.connect(to: accepted.target)
    }
}
