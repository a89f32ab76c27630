import CausewayBytes
import CausewayCrypto
import CausewayIO
import CausewayWire
import Glibc
import Logging
import TestSupport
import Testing

@testable import CausewayNode

/// Flows over real sockets, without a loop that runs: the tests say when a leg is ready.
@Suite struct FlowTests {
    static func worker(buffers: Int = 64 << 20) throws -> Worker {
        let limits = SharedState.Limits(
            loops: 1,
            buffers: buffers,
            sessions: 10,
            drained: 10,
            cachedNames: 0,
            associations: 512,
            pipes: 4
        )
        let log = CauseLog(logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let shared = SharedState(limits: limits, resolver: ResolverSettings(), log: log)
        return try Worker(number: 0, shared: shared, aead: .automatic)
    }

    /// One flow and the sockets it runs between.
    private final class Station {
        var flow: Flow
        var source = Leg()
        var destination = Leg()
        var sawPending = false
        var allowance = Int.max
        let worker: Worker

        init(_ flow: Flow, _ worker: Worker) {
            self.flow = flow
            self.worker = worker
        }

        /// One turn with everything that epoll could have said.
        func turn() -> Flow.Outcome {
            self.source.note(.readable)
            self.destination.note(.writable)
            let outcome = self.flow.run(
                from: &self.source,
                to: &self.destination,
                isLast: false,
                allowance: &self.allowance,
                on: self.worker
            )
            if !self.flow.pending.isEmpty || self.flow.pipe.count > 0 { self.sawPending = true }
            return outcome
        }
    }

    /// Stations in a row, with one end to write into and one to read from.
    private final class Row {
        var entrance = Socket()
        var outlet = Socket()
        let stations: [Station]

        init(_ flows: [Flow], on worker: Worker, bufferCount: Int32? = nil) throws {
            self.stations = flows.map { Station($0, worker) }
            for place in 0...flows.count {
                let pair = try SocketPair()
                if let bufferCount {
                    for descriptor in [pair.near.descriptor, pair.far.descriptor] {
                        for option in [SO_SNDBUF, SO_RCVBUF] {
                            var size = bufferCount
                            setsockopt(descriptor, SOL_SOCKET, option, &size, socklen_t(MemoryLayout<Int32>.size))
                        }
                    }
                }
                if place == 0 {
                    swap(&self.entrance, &pair.near)
                } else {
                    swap(&self.stations[place - 1].destination.socket, &pair.near)
                }
                if place == flows.count {
                    swap(&self.outlet, &pair.far)
                } else {
                    swap(&self.stations[place].source.socket, &pair.far)
                }
            }
        }

        /// Sends `bytes` and the end through all stations and returns what comes out until its end.
        func carry(_ bytes: [UInt8]) throws -> [UInt8] {
            var sent = 0
            var isShut = false
            var received: [UInt8] = []
            // Less than the flows move at a time, so that they have to wait for room.
            var buffer = [UInt8](repeating: 0, count: 10_000)
            let deadline = Deadline(seconds: 60)
            while !deadline.hasPassed {
                if sent < bytes.count {
                    let part = Array(bytes[sent..<min(sent + 200_000, bytes.count)])
                    if case .transferred(let count) = part.withRegion({ self.entrance.write($0) }) { sent += count }
                } else if !isShut {
                    self.entrance.shutDownWriting()
                    isShut = true
                }
                for (place, station) in self.stations.enumerated() {
                    if case .failed(let failure) = station.turn() { throw TestFailure("\(place): \(failure)") }
                }
                switch buffer.withByteRegion({ self.outlet.read(into: $0) }) {
                case .transferred(let count): received += buffer[..<count]
                case .wouldBlock: continue
                case .endOfStream: return received
                case .failed(let error): throw TestFailure("\(error)")
                }
            }
            throw TestFailure("no end after \(received.count) of \(bytes.count) bytes")
        }
    }

    private static func request(_ method: Method, _ number: UInt64) -> ResponseHeader.Request {
        var salt = Salt()
        for index in 0..<method.keyCount / 8 { salt.words[index] = number &* 0x9e37_79b9_7f4a_7c15 &+ UInt64(index) }
        let key = Secret((0..<method.keyCount).map { UInt8(truncatingIfNeeded: $0) &+ UInt8(number) })
        return ResponseHeader.Request(method: method, key: key, salt: salt)
    }

    private static func sealing(_ request: ResponseHeader.Request) -> Flow {
        var flow = Flow()
        flow.header = .response(request)
        return flow
    }

    private static func opening(_ request: ResponseHeader.Request) -> Flow {
        var flow = Flow()
        flow.expectedResponse = request
        return flow
    }

    private static func resealing(_ from: ResponseHeader.Request, _ to: ResponseHeader.Request) -> Flow {
        var flow = Flow()
        flow.expectedResponse = from
        flow.header = .response(to)
        return flow
    }

    // MARK: - Whole streams

    @Test(arguments: [nil, 32_768] as [Int32?], [0, 1, 16_384, 1_000_000])
    func `plain bytes pass unchanged`(bufferCount: Int32?, count: Int) throws {
        let worker = try Self.worker()
        let row = try Row([Flow()], on: worker, bufferCount: bufferCount)
        let bytes = BytePattern.slice(at: 5, count: count)
        #expect(try row.carry(bytes) == bytes)
        if bufferCount != nil, count == 1_000_000 { #expect(row.stations[0].sawPending) }
        #expect(worker.pool.lentCount == 0)
    }

    /// Copied below 64 KiB, spliced beyond.
    @Test(arguments: [0, 1, 999, 65_535, 65_536, 65_537, 300_001])
    func `an allowance stops plain bytes at any byte`(allowance: Int) throws {
        let worker = try Self.worker()
        let row = try Row([Flow()], on: worker)
        let station = row.stations[0]
        station.allowance = allowance
        let bytes = BytePattern.slice(at: 3, count: 16_384)
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        var received = 0
        var isExhausted = false
        let deadline = Deadline(seconds: 20)
        while !isExhausted, !deadline.hasPassed {
            _ = bytes.withRegion { row.entrance.write($0) }
            if case .exhausted = station.turn() { isExhausted = true }
            while case .transferred(let count) = buffer.withByteRegion({ row.outlet.read(into: $0) }) {
                received += count
            }
        }
        #expect(isExhausted)
        // What is on its way still comes, and nothing after it.
        let rest = Deadline(seconds: 20)
        while received < allowance, !rest.hasPassed {
            if case .transferred(let count) = buffer.withByteRegion({ row.outlet.read(into: $0) }) { received += count }
        }
        #expect(received == allowance && station.flow.byteCount == UInt64(allowance))
        #expect(worker.pipes.lentCount == 0 && worker.pool.lentCount == 0)
    }

    @Test(arguments: Method.allCases, [nil, 32_768] as [Int32?])
    func `what is sealed, sealed anew and opened comes out unchanged`(method: Method, bufferCount: Int32?) throws {
        let worker = try Self.worker()
        let (first, second) = (Self.request(method, 1), Self.request(.aes256GCM, 2))
        let flows = [Self.sealing(first), Self.resealing(first, second), Self.opening(second)]
        let row = try Row(flows, on: worker, bufferCount: bufferCount)
        let bytes = BytePattern.slice(at: 99, count: 1_000_000)
        #expect(try row.carry(bytes) == bytes)
        if bufferCount != nil { #expect(row.stations.contains { $0.sawPending }) }
        #expect(row.stations.allSatisfy { $0.flow.byteCount == 1_000_000 })
        #expect(worker.pool.lentCount == 0)
    }

    @Test func `a loop short of memory reads little and loses nothing`() throws {
        let worker = try Self.worker(buffers: 0)
        var loan = worker.pool.block(1)
        #expect(worker.isUnderPressure)
        let request = Self.request(.aes128GCM, 3)
        let row = try Row([Self.sealing(request), Self.opening(request)], on: worker, bufferCount: 32_768)
        let bytes = BytePattern.slice(at: 1, count: 500_000)
        #expect(try row.carry(bytes) == bytes)
        worker.pool.release(&loan)
        #expect(worker.pool.lentCount == 0)
    }

    @Test func `a source that ends without a word ends a sealed destination without a byte`() throws {
        let worker = try Self.worker()
        let request = Self.request(.aes128GCM, 4)
        let row = try Row([Self.sealing(request), Self.opening(request)], on: worker)
        #expect(try row.carry([]) == [])
        #expect(row.stations[1].flow.byteCount == 0)
    }

    // MARK: - Records of all sizes

    /// A response stream of `payloads`, as somebody else might cut it.
    private static func stream(
        _ payloads: [Int],
        to request: ResponseHeader.Request,
        clock: UInt64
    ) throws -> (sealed: [UInt8], plain: [UInt8], ends: Set<Int>) {
        let aead = try AEADChoice.automatic.make()
        var sealed: [UInt8] = []
        var plain: [UInt8] = []
        var ends: Set<Int> = [0]
        var sealer: StreamSealer?
        for count in payloads {
            let payload = BytePattern.slice(at: plain.count, count: count)
            plain += payload
            var buffer = [UInt8](repeating: 0, count: 128) + payload + [UInt8](repeating: 0, count: 16)
            let range = 128..<128 + count
            let unit = buffer.withByteRegion { region in
                if let unit = sealer?.seal(region, payload: range, with: aead) { return unit }
                let salt = request.salt
                let first = ResponseHeader.seal(
                    region,
                    payload: range,
                    to: request,
                    salt: salt,
                    timestamp: clock,
                    with: aead
                )
                sealer = first.stream
                return first.unit
            }
            sealed += buffer[unit]
            ends.insert(sealed.count)
        }
        return (sealed, plain, ends)
    }

    @Test(arguments: [
        [65_535, 1, 65_535, 65_535, 2, 1025, 1024, 1025, 3],
        Array(repeating: 1025, count: 1500),
        Array(repeating: 1024, count: 1500),
        Array(repeating: 1, count: 12_000),
        Array(repeating: 65_535, count: 12),
    ])
    func `records of any size are opened and sealed anew`(payloads: [Int]) throws {
        let worker = try Self.worker()
        let (first, second) = (Self.request(.aes128GCM, 5), Self.request(.aes128GCM, 6))
        let stream = try Self.stream(payloads, to: first, clock: worker.loop.clock)
        let row = try Row([Self.resealing(first, second), Self.opening(second)], on: worker)
        #expect(try row.carry(stream.sealed) == stream.plain)
        #expect(worker.pool.lentCount == 0)
    }

    @Test(arguments: [1, 64_000, 65_466, 65_467, 65_535])
    func `a first record too large for a request header continues in a chunk`(count: Int) throws {
        let worker = try Self.worker()
        let request = Self.request(.aes128GCM, 7)
        let stream = try Self.stream([count, 9], to: request, clock: worker.loop.clock)
        let method = Method.aes256GCM
        let keys = (0..<8).map { number in Secret((0..<32).map { UInt8($0 * 8 + number) }) }
        let name = try #require(DomainName((0..<63).map { _ in UInt8(ascii: "a") }))
        var flow = Self.opening(request)
        flow.header = .request(
            target: Address(host: .name(name), port: 443),
            credentials: RequestCredentials(method: method, identityKeys: Array(keys[..<7]), userKey: keys[7]),
            salt: worker.salt(for: method)
        )
        let row = try Row([flow], on: worker)
        var sent = try row.carry(stream.sealed)

        // The last hop sees the salt and one identity header: the others are cut out, as the hops before it do.
        sent.removeSubrange(32..<32 + 6 * 16)
        let acceptor = RequestAcceptor.Keys(method: method, serverKey: keys[6], users: IdentityTable(keys: [keys[7]]))
        var judge = RequestAcceptor(acceptor)
        let salts = SaltPool(seed: 1, now: worker.loop.now)
        let regions = RegionList(capacity: 8)
        var plain: [UInt8] = []
        try sent.withByteRegion { region in
            let outcome = try judge.receive(
                region,
                now: worker.loop.now,
                clock: worker.loop.clock,
                salts: salts,
                with: worker.aead,
                worker.aes
            )
            guard case .accepted(let accepted) = outcome else { throw TestFailure("\(outcome)") }
            plain += region.region(accepted.payload).array()
            var opener = accepted.stream
            let rest = region.suffix(from: accepted.count)
            let count = try opener.open(rest, into: regions, with: worker.aead)
            #expect(count == rest.count)
            for index in 0..<regions.count { plain += regions[index].array() }
        }
        #expect(plain == stream.plain)
        #expect(worker.pool.lentCount == 0)
    }

    // MARK: - Broken streams

    /// Gives `pieces` one after the other and the end to one flow, and says what came out and how it ended.
    private static func give(
        _ pieces: [ArraySlice<UInt8>],
        to flow: Flow,
        on worker: Worker
    ) throws -> (plain: [UInt8], isWhole: Bool) {
        let row = try Row([flow], on: worker)
        let station = row.stations[0]
        var ending: Bool?
        for piece in pieces where !piece.isEmpty && ending == nil {
            #expect(Array(piece).withRegion { row.entrance.write($0) } == .transferred(piece.count))
            var polled = pollfd(fd: station.source.socket.descriptor, events: Int16(POLLIN), revents: 0)
            poll(&polled, 1, 10_000)
            if case .failed = station.turn() { ending = false }
        }
        row.entrance.shutDownWriting()
        let deadline = Deadline(seconds: 20)
        while ending == nil, !deadline.hasPassed {
            switch station.turn() {
            case .blocked, .yielded: continue
            case .finished: ending = true
            case .failed, .exhausted, .mute, .began: ending = false
            }
        }
        station.destination.close(resetting: false)
        var plain: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while case .transferred(let count) = buffer.withByteRegion({ region in
            patiently { row.outlet.read(into: region) }
        }) { plain += buffer[..<count] }
        station.flow.release(to: worker)
        guard let ending else { throw TestFailure("the flow does not end") }
        return (plain, ending)
    }

    @Test func `a stream is understood however it is cut in two`() throws {
        let worker = try Self.worker()
        let request = Self.request(.aes128GCM, 8)
        let stream = try Self.stream([20, 1, 5], to: request, clock: worker.loop.clock)
        for cut in 0...stream.sealed.count {
            let pieces = [stream.sealed[..<cut], stream.sealed[cut...]]
            let result = try Self.give(pieces, to: Self.opening(request), on: worker)
            #expect(result.plain == stream.plain && result.isWhole, "cut at \(cut)")
        }
        #expect(worker.pool.lentCount == 0)
    }

    @Test func `an end is good between two records and nowhere else`() throws {
        let worker = try Self.worker()
        let request = Self.request(.aes128GCM, 9)
        let stream = try Self.stream([20, 1, 5], to: request, clock: worker.loop.clock)
        for count in 0...stream.sealed.count {
            let result = try Self.give([stream.sealed[..<count]], to: Self.opening(request), on: worker)
            #expect(result.isWhole == stream.ends.contains(count), "after \(count)")
            #expect(stream.plain.starts(with: result.plain))
        }
        #expect(worker.pool.lentCount == 0)
    }

    @Test func `one changed bit anywhere ends the stream, and nothing behind it comes through`() throws {
        let worker = try Self.worker()
        let request = Self.request(.aes128GCM, 10)
        let stream = try Self.stream([20, 1, 5], to: request, clock: worker.loop.clock)
        for index in stream.sealed.indices {
            var bad = stream.sealed
            bad[index] ^= 0x10
            let result = try Self.give([bad[...]], to: Self.opening(request), on: worker)
            #expect(!result.isWhole, "bit of byte \(index)")
            #expect(stream.plain.starts(with: result.plain) && result.plain.count < stream.plain.count)
        }
        #expect(worker.pool.lentCount == 0)
    }

    @Test func `a response to another request, or an old one, is not believed`() throws {
        let worker = try Self.worker()
        let request = Self.request(.aes128GCM, 11)
        var other = Self.request(.aes128GCM, 11)
        other = ResponseHeader.Request(method: other.method, key: other.key, salt: worker.salt(for: other.method))
        for (asked, clock) in [(other, worker.loop.clock), (request, worker.loop.clock - 100)] {
            let stream = try Self.stream([7], to: request, clock: clock)
            let result = try Self.give([stream.sealed[...]], to: Self.opening(asked), on: worker)
            #expect(result.plain.isEmpty && !result.isWhole)
        }
        #expect(worker.pool.lentCount == 0)
    }
}
