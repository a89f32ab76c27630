import CausewayBytes
import CausewayCore
import CausewayCrypto
import CausewayFronts
import CausewayIO

/// The handshake of an application on a `mixed` listener. A class, so that it is gone when the session is open.
final class FrontStage {
    var front: MixedFront
    /// What was received and not yet understood.
    var held = Block()
    var body: HTTPRequestBody?

    init(requiresAuthentication: Bool, servesDatagrams: Bool) {
        self.front = MixedFront(requiresAuthentication: requiresAuthentication, servesDatagrams: servesDatagrams)
    }
}

extension Session {
    /// Bytes of a request that are held at most while the loop's blocks are more than its share: nearly all are shorter,
    /// and who sends a long one is not yet known.
    private static let heldUnderPressure = 4 * 1024

    func readFront(_ stage: FrontStage) {
        while case .front = self.phase {
            guard self.near.isReadable else { return }
            let area = self.worker.scratch.body
            let kept = stage.held.count
            let room = max(MixedFront.maximumInputCount - kept, 1)
            switch self.near.read(into: area.region(kept..<kept + room)) {
            case .transferred(let count):
                area.copy(stage.held.region)
                self.worker.pool.release(&stage.held)
                self.advance(stage, area.region(0..<kept + count))
            case .wouldBlock: return
            case .endOfStream, .failed:
                // Before a request there is nothing that an end of the stream could mean but leaving.
                self.worker.pool.release(&stage.held)
                return self.close()
            }
        }
    }

    /// Lets the front work through `input`, keeping what it does not consume.
    private func advance(_ stage: FrontStage, _ input: ByteRegion) {
        var rest = input
        while true {
            var (consumed, step) = stage.front.receive(rest)
            rest = rest.suffix(from: consumed)
            if case .authenticate(let name, let password) = step {
                var isAccepted = false
                if let credential = self.user(name, password) {
                    isAccepted = self.isLetIn(credential)
                } else {
                    self.note(.wrongPassword, "", at: self.listener.name)
                }
                step = stage.front.authenticated(isAccepted)
                if case .needMore = step { continue }
            }
            switch step {
            case .needMore:
                guard rest.count <= Self.heldUnderPressure || !self.worker.isUnderPressure else {
                    self.note(.handshakeRefused, "it is long, and buffer memory is used up", at: self.listener.name)
                    return self.close()
                }
                stage.held = self.worker.pool.block(copying: rest)
                return
            case .send(let reply):
                // What is left lies in the scratch memory that the reply is sent from.
                stage.held = self.worker.pool.block(copying: rest)
                self.say(reply)
                guard case .front = self.phase, !stage.held.isEmpty else { return }
                rest = self.worker.scratch.body.region(0..<stage.held.count)
                rest.copy(stage.held.region)
                self.worker.pool.release(&stage.held)
            case .request(let request): return self.open(request, stage, rest)
            case .refuse(let reply): return self.refuse(with: reply)
            case .close:
                self.note(.notAProxyProtocol, "", at: self.listener.name)
                return self.close()
            case .authenticate: preconditionFailure("a front asks for one verdict at a time")
            }
        }
    }

    /// Keeps what came behind the request and opens the far leg.
    private func open(_ request: MixedFront.Request, _ stage: FrontStage, _ rest: ByteRegion) {
        let target: Address
        switch request {
        case .connect(let address):
            target = address
            self.up.early = self.worker.pool.block(copying: rest)
        case .associate: return self.associate(stage)
        case .http(let forward):
            target = forward.target
            let body = RequestBodyBox(forward.body)
            guard let count = body.accept(rest) else {
                return self.refuse(with: stage.front.failed(.general))
            }
            self.up.early = self.worker.pool.block(copying: forward.head + rest.region(0..<count).array())
            self.up.body = body
        }
        self.front = stage
        self.connect(to: target)
    }

    /// The user whose name and password these are.
    private func user(_ name: [UInt8], _ password: [UInt8]) -> UserDirectory.Credential? {
        let given = Secret(password)
        // An unknown name is compared with something too, so that it takes as long.
        let known = self.worker.directory.password(of: name)
        let isRight = given == known?.secret ?? Secret(Array(password.reversed()) + [0])
        return isRight ? known?.credential : nil
    }

    func handshakeTimedOut(_ stage: FrontStage) {
        let reply = stage.front.timeoutReply
        self.worker.pool.release(&stage.held)
        if reply.isEmpty {
            self.close()
        } else {
            self.refuse(with: reply)
        }
    }
}
