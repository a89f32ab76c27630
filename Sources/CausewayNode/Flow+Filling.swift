import CausewayBytes
import CausewayIO
import CausewayWire

/// Reading and opening.
extension Flow {
    /// Puts the next plaintext into the loop's scratch memory and its regions into `worker.regions`.
    mutating func fill(from source: inout Leg, atMost allowance: Int, on worker: Worker) -> Fill {
        if self.holdCount > 0 { return self.fillHeld(from: &source, on: worker) }
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
        if self.sourceIsSealed { return self.fillSealed(from: &source, atMost: allowance, on: worker) }
        return self.fillPlain(from: &source, atMost: allowance, on: worker)
    }

    mutating func placeEarly(on worker: Worker) {
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

    /// Waits until the first unit is whole, so that the next hop or the customer, who may insist on it, gets it in one
    /// read (protocol reference 2.9).
    private mutating func fillHeld(from source: inout Leg, on worker: Worker) -> Fill {
        let kept = self.early.count
        guard kept < self.holdCount else {
            self.holdCount = 0
            self.placeEarly(on: worker)
            return .filled
        }
        guard source.isReadable else { return .blocked }
        let area = worker.scratch.body
        worker.regions.removeAll()
        switch source.read(into: area.region(kept..<kept + self.readCount(on: worker))) {
        case .transferred(let count):
            area.copy(self.early.region)
            worker.pool.release(&self.early)
            let whole = area.region(0..<kept + count)
            if whole.count < self.holdCount {
                self.early = worker.pool.block(copying: whole)
            } else {
                self.holdCount = 0
                worker.regions.append(whole)
            }
            return .filled
        case .wouldBlock: return .blocked
        case .endOfStream:
            self.holdCount = 0
            return .ended
        case .failed(let error): return .failed(.source(error))
        }
    }

    /// Bytes that a few records are longer than what they open to.
    private static let overhead = 1024

    /// The bytes to ask for: more while reads come back full, less when memory is short.
    private func readCount(on worker: Worker) -> Int {
        worker.isUnderPressure ? min(Int(self.readLimit), Self.readUnderPressure) : Int(self.readLimit)
    }

    private mutating func noteRead(_ count: Int, asked: Int) {
        if count == asked { self.readLimit = min(self.readLimit * 2, Int32(Scratch.readLimit)) }
    }

    private mutating func fillPlain(from source: inout Leg, atMost allowance: Int, on worker: Worker) -> Fill {
        let asked = min(self.readCount(on: worker), allowance)
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

    private mutating func fillSealed(from source: inout Leg, atMost allowance: Int, on worker: Worker) -> Fill {
        let kept = self.partial.count
        // What opens to more than the allowance is kept back, so not much more than that is asked for.
        let asked = min(self.readCount(on: worker) - Self.overhead, allowance) + Self.overhead
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
}
