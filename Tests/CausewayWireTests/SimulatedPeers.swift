import CausewayBytes
import CausewayCrypto
import TestSupport
import Testing

@testable import CausewayWire

/// The receiving half of a session's driver: keeps what the opener has not used and gives it again with what follows.
struct Receiver {
    var opener: StreamOpener
    private(set) var rest: [UInt8] = []
    /// All payload so far.
    private(set) var payload: [UInt8] = []

    init(_ opener: StreamOpener) {
        self.opener = opener
    }

    /// Whether a FIN here is the end of the stream.
    var mayEnd: Bool { self.opener.isAtBoundary && self.rest.isEmpty }

    mutating func receive(_ bytes: [UInt8], with aead: any AEADBackend) throws(StreamOpener.StreamError) {
        self.rest += bytes
        let list = RegionList(capacity: StreamOpener.maximumRegions(for: self.rest.count))
        var opener = self.opener
        var payload: [UInt8] = []
        let used = try self.rest.withByteRegion { input throws(StreamOpener.StreamError) in
            let used = try opener.open(input, into: list, with: aead)
            for index in 0..<list.count { payload += list[index].array() }
            return used
        }
        self.opener = opener
        self.payload += payload
        self.rest.removeFirst(used)
    }
}

/// A server that takes segments as a socket gives them.
struct SimulatedServer {
    let aead: any AEADBackend
    let aes: any AESBlock
    let salts: SaltLog
    let clock: UnixSeconds
    private(set) var accepted: RequestAcceptor.Accepted?
    private(set) var firstPayload: [UInt8] = []
    private(set) var receiver: Receiver?
    private var acceptor: RequestAcceptor
    private var input: [UInt8] = []

    init(_ keys: RequestAcceptor.Keys, clock: UnixSeconds, salts: SaltLog = SaltLog(), crypto: Crypto) {
        self.acceptor = RequestAcceptor(keys)
        self.clock = clock
        self.salts = salts
        self.aead = crypto.aead
        self.aes = crypto.aes
    }

    /// Everything the application has got.
    var payload: [UInt8] { self.firstPayload + (self.receiver?.payload ?? []) }

    mutating func receive(_ bytes: [UInt8]) throws {
        guard self.receiver == nil else {
            try self.receiver?.receive(bytes, with: self.aead)
            return
        }
        self.input += bytes
        var acceptor = self.acceptor
        let (salts, clock, aead, aes) = (self.salts, self.clock, self.aead, self.aes)
        let outcome = try self.input.withByteRegion { input throws(RequestAcceptor.Refusal) in
            try acceptor.receive(
                input,
                now: Instant(nanoseconds: 1),
                clock: clock,
                salts: salts,
                with: aead,
                aes
            )
        }
        self.acceptor = acceptor
        switch outcome {
        case .needMore(let count):
            #expect(count > self.input.count, "asked for \(count) bytes and has \(self.input.count)")
        case .accepted(let accepted):
            self.accepted = accepted
            self.firstPayload = Array(self.input[accepted.payload])
            var receiver = Receiver(accepted.stream)
            try receiver.receive(Array(self.input[accepted.count...]), with: self.aead)
            self.receiver = receiver
        }
    }
}

/// A client that takes segments of a response.
struct SimulatedClient {
    let request: ResponseHeader.Request
    let clock: UnixSeconds
    let aead: any AEADBackend
    private(set) var receiver: Receiver?
    private var input: [UInt8] = []

    init(_ request: ResponseHeader.Request, clock: UnixSeconds, crypto: Crypto) {
        self.request = request
        self.clock = clock
        self.aead = crypto.aead
    }

    var payload: [UInt8] { self.receiver?.payload ?? [] }

    mutating func receive(_ bytes: [UInt8]) throws {
        guard self.receiver == nil else {
            try self.receiver?.receive(bytes, with: self.aead)
            return
        }
        self.input += bytes
        let before = self.input
        let (request, clock, aead) = (self.request, self.clock, self.aead)
        let opener = try self.input.withByteRegion { input throws(ResponseHeader.HeaderError) in
            try ResponseHeader.open(input, to: request, now: clock, with: aead)
        }
        guard let opener else {
            #expect(self.input == before, "an incomplete header was touched")
            return
        }
        var receiver = Receiver(opener)
        try receiver.receive(Array(self.input[ResponseHeader.count(request.method)...]), with: self.aead)
        self.receiver = receiver
    }
}

/// The ciphers of one test.
struct Crypto {
    let aead: any AEADBackend
    let aes: any AESBlock

    init(_ backend: Backend = .openSSL) throws {
        self.aead = try backend.make()
        self.aes = try #require(makeAESBlock())
    }

    /// `payload` sealed as the next chunk of `sealer`.
    func chunk(_ payload: [UInt8], _ sealer: inout StreamSealer) -> [UInt8] {
        var bytes = Array(repeating: UInt8(0xEE), count: StreamSealer.headroom) + payload
        bytes += [UInt8](repeating: 0xEE, count: StreamSealer.tailroom)
        let range = StreamSealer.headroom..<StreamSealer.headroom + payload.count
        let chunk = bytes.withByteRegion { sealer.seal($0, payload: range, with: self.aead) }
        #expect(chunk == bytes.indices)
        return bytes
    }

    /// The first unit of a request, and the stream that goes on.
    func request(
        _ credentials: RequestCredentials,
        target: Address,
        padding: Int,
        payload: [UInt8],
        salt: [UInt8],
        timestamp: UnixSeconds
    ) -> (wire: [UInt8], stream: StreamSealer) {
        let headroom = RequestHeader.headroom
        var bytes = [UInt8](repeating: 0xEE, count: headroom) + payload + [UInt8](repeating: 0xEE, count: tagCount)
        let (unit, stream) = bytes.withByteRegion { region in
            RequestHeader.seal(
                region,
                payload: headroom..<headroom + payload.count,
                target: target,
                padding: padding,
                salt: Salt(bytes: salt),
                timestamp: timestamp,
                credentials: credentials,
                with: self.aead,
                self.aes
            )
        }
        #expect(unit.count == RequestHeader.count(credentials, target: target, padding: padding) + payload.count + 16)
        #expect(bytes[..<unit.lowerBound].allSatisfy { $0 == 0xEE } && unit.upperBound == bytes.count)
        return (Array(bytes[unit]), stream)
    }

    /// The first unit of a response, and the stream that goes on.
    func response(
        _ request: ResponseHeader.Request,
        payload: [UInt8],
        salt: [UInt8],
        timestamp: UnixSeconds
    ) -> (wire: [UInt8], stream: StreamSealer) {
        let headroom = ResponseHeader.count(request.method)
        var bytes = [UInt8](repeating: 0xEE, count: headroom) + payload + [UInt8](repeating: 0xEE, count: tagCount)
        let (unit, stream) = bytes.withByteRegion { region in
            ResponseHeader.seal(
                region,
                payload: headroom..<headroom + payload.count,
                to: request,
                salt: Salt(bytes: salt),
                timestamp: timestamp,
                with: self.aead
            )
        }
        #expect(unit == bytes.indices)
        return (bytes, stream)
    }
}

extension Salt {
    /// The salt of 16 or 32 bytes.
    init(bytes: [UInt8]) {
        var bytes = bytes
        self = bytes.withByteRegion { Salt($0) }
    }
}

extension Array where Element == UInt8 {
    /// The bytes cut at random into segments of 1 to `limit` bytes.
    func segments(upTo limit: Int, _ random: inout SeededGenerator) -> [[UInt8]] {
        var segments: [[UInt8]] = []
        var start = 0
        while start < self.count {
            let end = Swift.min(start + Int.random(in: 1...limit, using: &random), self.count)
            segments.append(Array(self[start..<end]))
            start = end
        }
        return segments
    }

    /// What a hop sends on: the stream without its first identity header.
    func withoutIdentityHeader(_ method: Method) -> [UInt8] {
        Array(self[..<method.keyCount] + self[(method.keyCount + 16)...])
    }
}
