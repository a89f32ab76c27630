import CausewayBytes
import CausewayCrypto
import CausewayFronts
import CausewayIO
import CausewayWire

/// One direction of a session: from the socket that is read to the socket that is written, opening and sealing on the
/// way.
///
///     source ─▶ [early | partial + read] ─▶ open ─▶ seal ─▶ write ─▶ destination
///                                                              └─▶ pending (what was not taken)
///
/// While anything is pending, nothing is read: so a session never holds more than one read's worth per direction, and
/// an idle one holds no memory.
struct Flow {
    /// What the first bytes of a sealed destination have to carry.
    enum PendingHeader {
        /// A request to the next hop for `target`; the salt is chosen before, as the response will refer to it.
        case request(target: Address, credentials: RequestCredentials, salt: Salt)
        case response(ResponseHeader.Request)
    }

    /// Why a turn ended.
    enum Outcome {
        /// One of the sockets is not ready.
        case blocked
        /// There is more to do, but others are to have their turn.
        case yielded
        /// The source has ended and the destination knows it.
        case finished
        /// The allowance is used up, and there may be more to read.
        case exhausted
        /// The first bytes have come from the source, and wait: told once, where ``Flow/tellsBeginning`` asks for it.
        case began
        /// The source has ended without a byte, and may not yet.
        case mute
        case failed(Failure)

        var isExhausted: Bool {
            if case .exhausted = self { true } else { false }
        }
    }

    enum Failure {
        case source(SystemCallError)
        case destination(SystemCallError)
        /// The sealed source cannot be believed any more, or ended inside a record.
        case stream
        /// The body of a plain HTTP request broke its coding.
        case body
    }

    enum Fill {
        case filled, blocked, ended
        case failed(Failure)
    }

    /// Bytes that one turn moves before others have theirs: one full read.
    private static let turnBudget = Scratch.readLimit
    static let smallestRead = 16 * 1024
    /// The limit of a read while the loop's blocks are more than its share.
    static let readUnderPressure = 4 * 1024

    var opener: StreamOpener?
    var sealer: StreamSealer?
    /// The response that a sealed source has to begin with.
    var expectedResponse: ResponseHeader.Request?
    var header: PendingHeader?
    /// Plaintext that came before the relaying began.
    var early = Block()
    /// The start of a sealed record.
    var partial = Block()
    /// Whether `partial` came with the handshake and may hold whole records, for which no read must be waited.
    var partialIsUnseen = false
    /// What is ready to be written.
    var pending = Block()
    /// The body of a plain HTTP request, behind which nothing may pass.
    var body: RequestBodyBox?
    var readLimit = Int32(Flow.smallestRead)
    var sourceHasEnded = false
    /// Whether an end before the first byte is passed on; else it is told by ``Outcome/mute``.
    var mayEndMute = true
    var isFinished = false
    /// Bytes that the first write has to bring together; zero once it has, or need not.
    var holdCount: Int32 = 0
    /// What was sent, while it may have to be sent again by another way.
    var sent: SentBytes?
    /// What is on its way without having been read.
    var pipe = Pipe()
    var spliceIsRefused = false
    /// Payload bytes that this direction has carried: taken by the destination's socket where that gets them as they
    /// are, sealed for it otherwise.
    var byteCount: UInt64 = 0
    /// What is billed, for whom anything is.
    var meter = Meter()
    /// Whether the first bytes are to be told, by ``Outcome/began``, before they are passed on.
    var tellsBeginning = false

    /// Whether what the source sends is a Shadowsocks stream.
    var sourceIsSealed: Bool { self.opener != nil || self.expectedResponse != nil }
    var destinationIsSealed: Bool { self.sealer != nil || self.header != nil }

    /// Takes over the stream of a sealed source behind its header: `rest` is what of it has come already.
    mutating func begin(_ stream: StreamOpener, rest: ByteRegion, on worker: Worker) {
        self.opener = stream
        self.partial = worker.pool.block(copying: rest)
        self.partialIsUnseen = !rest.isEmpty
    }

    /// Gives back all memory and forgets the keys.
    mutating func release(to worker: Worker) {
        let pool = worker.pool
        worker.pipes.release(&self.pipe)
        pool.release(&self.early)
        pool.release(&self.partial)
        pool.release(&self.pending)
        self.opener = nil
        self.sealer = nil
        self.expectedResponse = nil
        self.header = nil
        self.body = nil
        self.holdCount = 0
        self.sent = nil
        self.meter.end()
    }

    // MARK: - A turn

    /// Moves bytes until a socket is not ready, the budget or the allowance is used up, or the direction is finished.
    ///
    /// - Parameters:
    ///   - isLast: the other direction is finished, so that the session is closed with this one and closing says the
    ///     end by itself.
    ///   - allowance: bytes that may be passed on; what is taken for it is subtracted.
    mutating func run(
        from source: inout Leg,
        to destination: inout Leg,
        isLast: Bool,
        allowance: inout Int,
        on worker: Worker
    ) -> Outcome {
        guard !self.isFinished else { return .finished }
        let outcome = self.turn(from: &source, to: &destination, isLast: isLast, allowance: &allowance, on: worker)
        // An idle direction holds no pipe.
        if self.pipe.isOpen, self.pipe.count == 0 { worker.pipes.release(&self.pipe) }
        return outcome
    }

    private mutating func turn(
        from source: inout Leg,
        to destination: inout Leg,
        isLast: Bool,
        allowance: inout Int,
        on worker: Worker
    ) -> Outcome {
        var budget = Self.turnBudget
        while true {
            if !self.pending.isEmpty {
                if let outcome = self.flush(to: &destination, on: worker) { return outcome }
            }
            if self.pipe.count > 0 {
                if let outcome = self.emptyPipe(to: &destination) { return outcome }
            }
            if self.sourceHasEnded, self.early.isEmpty {
                return self.finish(to: &destination, isLast: isLast, on: worker)
            }
            guard destination.isWritable else { return .blocked }
            guard budget > 0 else { return .yielded }
            guard allowance > 0 || self.meter.repeated > 0 else {
                return source.isReadable || !self.early.isEmpty || self.partialIsUnseen ? .exhausted : .blocked
            }
            let splices = self.maySplice(on: worker)
            let fill =
                if splices {
                    self.fillPipe(from: &source, atMost: allowance)
                } else {
                    self.fill(from: &source, atMost: allowance, on: worker)
                }
            switch fill {
            case .filled: break
            case .blocked: return .blocked
            case .ended:
                if !self.mayEndMute, !self.hasBegun { return .mute }
                self.sourceHasEnded = true
                continue
            case .failed(let failure): return .failed(failure)
            }
            var count = splices ? self.pipe.count : worker.regions.byteCount
            budget -= max(count, Self.readUnderPressure)
            if self.tellsBeginning, count > 0 {
                self.tellsBeginning = false
                self.keepBack(from: 0, on: worker)
                return .began
            }
            let most = self.meter.most(within: allowance)
            if !splices, count > most {
                self.keepBack(from: most, on: worker)
                count = most
            }
            allowance -= self.meter.take(count)
            guard !splices, count > 0 else { continue }
            if let failure = self.deliver(to: &destination, on: worker) { return .failed(failure) }
        }
    }

    /// Brings `worker.regions` on their way.
    private mutating func deliver(to destination: inout Leg, on worker: Worker) -> Failure? {
        if let sent = self.sent, !sent.keep(worker.regions, in: worker.pool) { self.sent = nil }
        if self.destinationIsSealed {
            self.byteCount += UInt64(worker.regions.byteCount)
            self.meter.bill(self.byteCount)
            self.seal(on: worker)
        }
        return self.write(to: &destination, on: worker)
    }

    /// Sends the request header with padding in place of a payload.
    mutating func sendBareHeader(to destination: inout Leg, on worker: Worker) -> Failure? {
        guard case .request(let target, let credentials, let salt) = self.header else { return nil }
        let padding = Self.padding(payloadCount: 0, on: worker)
        let payload = Scratch.headroom..<Scratch.headroom
        let unit = self.sealRequest(payload, target, padding, credentials, salt, on: worker)
        worker.regions.removeAll()
        worker.regions.append(worker.scratch.region.region(unit))
        return self.write(to: &destination, on: worker)
    }

    private mutating func flush(to destination: inout Leg, on worker: Worker) -> Outcome? {
        guard destination.isWritable else { return .blocked }
        if !self.destinationIsSealed { self.meter.bill(self.byteCount + UInt64(self.pending.count)) }
        let result = destination.socket.write(self.pending.region)
        if !self.destinationIsSealed { self.noteWritten(result) }
        switch result {
        case .transferred(let count):
            self.pending.consume(count)
            guard self.pending.isEmpty else {
                destination.isWritable = false
                return .blocked
            }
            worker.pool.release(&self.pending)
            return nil
        case .wouldBlock:
            destination.isWritable = false
            return .blocked
        case .failed(let error): return .failed(.destination(error))
        case .endOfStream: preconditionFailure("a write has no end of stream")
        }
    }

    /// Counts what a plain destination has taken, and takes back what was billed for the rest.
    mutating func noteWritten(_ result: TransferResult) {
        if case .transferred(let count) = result { self.byteCount += UInt64(count) }
        self.meter.correct(self.byteCount)
    }

    /// Keeps what of `worker.regions` lies behind the first `count` bytes for another turn.
    private mutating func keepBack(from count: Int, on worker: Worker) {
        let total = worker.regions.byteCount
        self.early = worker.pool.block(total - count)
        worker.regions.copy(from: count, to: self.early.region)
        worker.regions.truncate(to: count)
    }

    private mutating func finish(to destination: inout Leg, isLast: Bool, on worker: Worker) -> Outcome {
        // A request is sent even when the application had nothing to say; a response without a byte is none.
        if case .request = self.header {
            guard destination.isWritable else { return .blocked }
            if let failure = self.sendBareHeader(to: &destination, on: worker) { return .failed(failure) }
            guard self.pending.isEmpty else { return .blocked }
        }
        if !isLast { destination.socket.shutDownWriting() }
        self.isFinished = true
        return .finished
    }
}
