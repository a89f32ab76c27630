import CausewayBytes
import CausewayIO
import CausewayWire

/// Sealing and writing.
extension Flow {
    /// Seals every region of `worker.regions` where it lies and joins what touches.
    mutating func seal(on worker: Worker) {
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

    static func padding(payloadCount: Int, on worker: Worker) -> Int {
        RequestHeader.padding(payloadCount: payloadCount, random: UInt16(truncatingIfNeeded: worker.random.next()))
    }

    /// Seals the request header around `payload` and begins the stream; the range of the whole first unit.
    mutating func sealRequest(
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
    mutating func write(to destination: inout Leg, on worker: Worker) -> Failure? {
        let count = worker.regions.byteCount
        if !self.destinationIsSealed { self.meter.bill(self.byteCount + UInt64(count)) }
        let result = destination.socket.write(worker.regions)
        if !self.destinationIsSealed { self.noteWritten(result) }
        let written: Int
        switch result {
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
