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
        case failed(Failure)
    }

    enum Failure {
        case source(SystemCallError)
        case destination(SystemCallError)
        /// The sealed source cannot be believed any more, or ended inside a record.
        case stream
        /// The body of a plain HTTP request broke its coding.
        case body
    }

    private enum Fill {
        case filled, blocked, ended
        case failed(Failure)
    }

    /// Bytes that one turn moves before others have theirs.
    private static let turnBudget = 1 << 20
    private static let smallestRead = 16 * 1024
    /// The limit of a read while the loop's blocks are more than its share.
    private static let readUnderPressure = 4 * 1024

    var opener: StreamOpener?
    var sealer: StreamSealer?
    /// The response that a sealed source has to begin with.
    var expectedResponse: ResponseHeader.Request?
    var header: PendingHeader?
    /// Plaintext that came before the relaying began.
    var early = Block()
    /// The start of a sealed record.
    private var partial = Block()
    /// Whether `partial` came with the handshake and may hold whole records, for which no read must be waited.
    private var partialIsUnseen = false
    /// What is ready to be written.
    var pending = Block()
    /// The body of a plain HTTP request, behind which nothing may pass.
    var body: RequestBodyBox?
    private var readLimit = Int32(Flow.smallestRead)
    private(set) var sourceHasEnded = false
    private(set) var isFinished = false
    /// Payload bytes that this direction has carried.
    private(set) var byteCount: UInt64 = 0

    /// Whether what the source sends is a Shadowsocks stream.
    private var sourceIsSealed: Bool { self.opener != nil || self.expectedResponse != nil }
    private var destinationIsSealed: Bool { self.sealer != nil || self.header != nil }

    /// Takes over the stream of a sealed source behind its header: `rest` is what of it has come already.
    mutating func begin(_ stream: StreamOpener, rest: ByteRegion, on worker: Worker) {
        self.opener = stream
        self.partial = worker.pool.block(copying: rest)
        self.partialIsUnseen = !rest.isEmpty
    }

    /// Gives back all memory and forgets the keys.
    mutating func release(to pool: BlockPool) {
        pool.release(&self.early)
        pool.release(&self.partial)
        pool.release(&self.pending)
        self.opener = nil
        self.sealer = nil
        self.expectedResponse = nil
        self.header = nil
        self.body = nil
    }

    // MARK: - A turn

    /// Moves bytes until a socket is not ready, the budget is used up, or the direction is finished.
    ///
    /// - Parameter isLast: the other direction is finished, so that the session is closed with this one and closing
    ///   says the end by itself.
    mutating func run(
        from source: inout Leg,
        to destination: inout Leg,
        isLast: Bool,
        on worker: Worker
    ) -> Outcome {
        guard !self.isFinished else { return .finished }
        var budget = Self.turnBudget
        while true {
            if !self.pending.isEmpty {
                if let outcome = self.flush(to: &destination, on: worker) { return outcome }
            }
            if self.sourceHasEnded, self.early.isEmpty {
                return self.finish(to: &destination, isLast: isLast, on: worker)
            }
            guard destination.isWritable else { return .blocked }
            guard budget > 0 else { return .yielded }
            switch self.fill(from: &source, on: worker) {
            case .filled: break
            case .blocked: return .blocked
            case .ended:
                self.sourceHasEnded = true
                continue
            case .failed(let failure): return .failed(failure)
            }
            let count = worker.regions.byteCount
            budget -= max(count, Self.readUnderPressure)
            guard count > 0 else { continue }
            self.byteCount += UInt64(count)
            if self.destinationIsSealed { self.seal(on: worker) }
            if let failure = self.write(to: &destination, on: worker) { return .failed(failure) }
        }
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
        switch destination.socket.write(self.pending.region) {
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

    // MARK: - Filling

    /// Puts the next plaintext into the loop's scratch memory and its regions into `worker.regions`.
    private mutating func fill(from source: inout Leg, on worker: Worker) -> Fill {
        guard self.early.isEmpty else {
            self.placeEarly(on: worker)
            return .filled
        }
        if self.partialIsUnseen {
            self.partialIsUnseen = false
            let input = worker.scratch.body.region(0..<self.partial.count)
            input.copy(self.partial.region)
            worker.pool.release(&self.partial)
            worker.regions.removeAll()
            return self.open(input, on: worker)
        }
        guard source.isReadable else { return .blocked }
        if self.sourceIsSealed { return self.fillSealed(from: &source, on: worker) }
        return self.fillPlain(from: &source, on: worker)
    }

    private mutating func placeEarly(on worker: Worker) {
        let bytes = self.early.region
        if self.destinationIsSealed {
            worker.scratch.layOutChunks(bytes.count, in: worker.regions)
            var offset = 0
            for index in 0..<worker.regions.count {
                let chunk = worker.regions[index]
                chunk.copy(bytes.region(offset..<offset + chunk.count))
                offset += chunk.count
            }
        } else {
            worker.scratch.body.copy(bytes)
            worker.regions.removeAll()
            worker.regions.append(worker.scratch.body.region(0..<bytes.count))
        }
        worker.pool.release(&self.early)
    }

    /// The bytes to ask for: more while reads come back full, less when memory is short.
    private func readCount(on worker: Worker) -> Int {
        worker.isUnderPressure ? min(Int(self.readLimit), Self.readUnderPressure) : Int(self.readLimit)
    }

    private mutating func noteRead(_ count: Int, asked: Int) {
        if count == asked { self.readLimit = min(self.readLimit * 2, Int32(Scratch.readLimit)) }
    }

    private mutating func fillPlain(from source: inout Leg, on worker: Worker) -> Fill {
        let asked = self.readCount(on: worker)
        if self.destinationIsSealed {
            worker.scratch.layOutChunks(asked, in: worker.regions)
        } else {
            worker.regions.removeAll()
            worker.regions.append(worker.scratch.body.region(0..<asked))
        }
        switch source.read(into: worker.regions) {
        case .transferred(let count):
            self.noteRead(count, asked: asked)
            worker.regions.truncate(to: count)
            guard let body = self.body else { return .filled }
            return body.limit(worker.regions) ? .filled : .failed(.body)
        case .wouldBlock: return .blocked
        case .endOfStream: return .ended
        case .failed(let error): return .failed(.source(error))
        }
    }

    private mutating func fillSealed(from source: inout Leg, on worker: Worker) -> Fill {
        let kept = self.partial.count
        let asked = self.readCount(on: worker)
        let area = worker.scratch.body
        worker.regions.removeAll()
        switch source.read(into: area.region(kept..<kept + asked)) {
        case .transferred(let count):
            self.noteRead(count, asked: asked)
            area.copy(self.partial.region)
            worker.pool.release(&self.partial)
            return self.open(area.region(0..<kept + count), on: worker)
        case .wouldBlock: return .blocked
        case .endOfStream:
            // The end is good on a chunk's boundary, and before any response: a target that closed without a word.
            let isWhole = kept == 0 && (self.opener?.isAtBoundary ?? true)
            return isWhole ? .ended : .failed(.stream)
        case .failed(let error): return .failed(.source(error))
        }
    }

    /// Opens what is whole in `input` and keeps the rest.
    private mutating func open(_ input: ByteRegion, on worker: Worker) -> Fill {
        var offset = 0
        if let request = self.expectedResponse {
            do throws(ResponseHeader.HeaderError) {
                let stream = try ResponseHeader.open(input, to: request, now: worker.loop.clock, with: worker.aead)
                if let stream {
                    self.opener = stream
                    self.expectedResponse = nil
                    offset = ResponseHeader.count(request.method)
                }
            } catch {
                return .failed(.stream)
            }
        }
        do throws(StreamOpener.StreamError) {
            offset += try self.opener?.open(input.suffix(from: offset), into: worker.regions, with: worker.aead) ?? 0
        } catch {
            return .failed(.stream)
        }
        self.partial = worker.pool.block(copying: input.suffix(from: offset))
        return .filled
    }

    // MARK: - Sealing and writing

    /// Seals every region of `worker.regions` where it lies and joins what touches.
    private mutating func seal(on worker: Worker) {
        worker.sealed.removeAll()
        for index in 0..<worker.regions.count {
            let payload = worker.scratch.range(of: worker.regions[index])
            if self.header == nil {
                self.sealChunk(payload, on: worker)
            } else {
                self.sealFirst(payload, on: worker)
            }
        }
        worker.swapSealed()
    }

    private mutating func sealChunk(_ payload: Range<Int>, on worker: Worker) {
        guard let unit = self.sealer?.seal(worker.scratch.region, payload: payload, with: worker.aead) else {
            preconditionFailure("a flow without a sealer seals nothing")
        }
        worker.sealed.appendOrJoin(worker.scratch.region.region(unit))
    }

    private mutating func sealFirst(_ payload: Range<Int>, on worker: Worker) {
        switch self.header {
        case .none: preconditionFailure("there is no header to seal")
        case .response(let request):
            let (unit, stream) = ResponseHeader.seal(
                worker.scratch.region,
                payload: payload,
                to: request,
                salt: worker.salt(for: request.method),
                timestamp: worker.loop.clock,
                with: worker.aead
            )
            self.header = nil
            self.sealer = stream
            worker.sealed.appendOrJoin(worker.scratch.region.region(unit))
        case .request(let target, let credentials, let salt):
            let padding = Self.padding(payloadCount: payload.count, on: worker)
            let most = RequestHeader.maximumPayload(target: target, padding: padding)
            var first = payload
            if payload.count > most {
                // What does not fit becomes a chunk of its own: the first part moves up to make room between the two.
                let region = worker.scratch.region
                first = payload.lowerBound - Scratch.gap..<payload.lowerBound - Scratch.gap + most
                region.copy(region.region(payload.lowerBound..<payload.lowerBound + most), to: first.lowerBound)
            }
            let unit = self.sealRequest(first, target, padding, credentials, salt, on: worker)
            worker.sealed.appendOrJoin(worker.scratch.region.region(unit))
            if payload.count > most {
                self.sealChunk(payload.lowerBound + most..<payload.upperBound, on: worker)
            }
        }
    }

    private static func padding(payloadCount: Int, on worker: Worker) -> Int {
        RequestHeader.padding(payloadCount: payloadCount, random: UInt16(truncatingIfNeeded: worker.random.next()))
    }

    /// Seals the request header around `payload` and begins the stream; the range of the whole first unit.
    private mutating func sealRequest(
        _ payload: Range<Int>,
        _ target: Address,
        _ padding: Int,
        _ credentials: RequestCredentials,
        _ salt: Salt,
        on worker: Worker
    ) -> Range<Int> {
        let (unit, stream) = RequestHeader.seal(
            worker.scratch.region,
            payload: payload,
            target: target,
            padding: padding,
            salt: salt,
            timestamp: worker.loop.clock,
            credentials: credentials,
            with: worker.aead,
            worker.aes
        )
        self.header = nil
        self.sealer = stream
        return unit
    }

    /// Writes `worker.regions`; what is not taken becomes pending.
    private mutating func write(to destination: inout Leg, on worker: Worker) -> Failure? {
        let count = worker.regions.byteCount
        let written: Int
        switch destination.socket.write(worker.regions) {
        case .transferred(let count): written = count
        case .wouldBlock: written = 0
        case .failed(let error): return .destination(error)
        case .endOfStream: preconditionFailure("a write has no end of stream")
        }
        guard written < count else { return nil }
        destination.isWritable = false
        self.readLimit = max(self.readLimit / 2, Int32(Self.smallestRead))
        self.pending = worker.pool.block(count - written)
        worker.regions.copy(from: written, to: self.pending.region)
        return nil
    }
}

/// How far the body of a plain HTTP request has come. A class, as only few flows have one.
final class RequestBodyBox {
    private var body: HTTPRequestBody

    init(_ body: HTTPRequestBody) {
        self.body = body
    }

    /// Cuts `regions` (one run of input, possibly with gaps) to what belongs to the body. `false` when its coding is
    /// broken.
    func limit(_ regions: RegionList) -> Bool {
        var count = 0
        for index in 0..<regions.count {
            let region = regions[index]
            guard let accepted = self.accept(region) else { return false }
            count += accepted
            if accepted < region.count { break }
        }
        regions.truncate(to: count)
        return true
    }

    /// How many leading bytes of `region` belong to the body; `nil` when its coding is broken.
    func accept(_ region: ByteRegion) -> Int? {
        do throws(HTTPRequestBody.Malformed) {
            return try self.body.accept(region)
        } catch {
            return nil
        }
    }
}
