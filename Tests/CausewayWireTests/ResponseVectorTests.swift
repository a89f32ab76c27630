import CausewayBytes
import CausewayCrypto
import TestSupport
import Testing

@testable import CausewayWire

@Suite struct ResponseVectorTests {
    private let vectors: ShadowsocksVectors

    init() throws {
        self.vectors = try ShadowsocksVectors.load()
    }

    private func request(_ vector: ShadowsocksVectors.Response) throws -> ResponseHeader.Request {
        ResponseHeader.Request(
            method: try #require(Method(rawValue: vector.method)),
            key: Secret([UInt8](hex: vector.psk)),
            salt: Salt(bytes: [UInt8](hex: vector.request_salt))
        )
    }

    @Test(arguments: Backend.available)
    func `seals every response as the vectors have it`(backend: Backend) throws {
        let crypto = try Crypto(backend)
        #expect(self.vectors.tcp_responses.count == 3)
        for vector in self.vectors.tcp_responses {
            var (wire, sealer) = crypto.response(
                try self.request(vector),
                payload: [UInt8](hex: vector.payload),
                salt: [UInt8](hex: vector.salt),
                timestamp: vector.timestamp
            )
            #expect(wire.hex == vector.wire, "\(vector.name)")
            for chunk in vector.following_chunks {
                wire = crypto.chunk([UInt8](hex: chunk.payload), &sealer)
                #expect(wire.hex == chunk.wire, "\(vector.name)")
            }
        }
    }

    @Test(arguments: Backend.available)
    func `opens every response, split at every byte and byte by byte`(backend: Backend) throws {
        let crypto = try Crypto(backend)
        for vector in self.vectors.tcp_responses {
            let request = try self.request(vector)
            let wire = [UInt8](hex: vector.wire + vector.following_chunks.map(\.wire).joined())
            let payload = [UInt8](hex: vector.payload + vector.following_chunks.map(\.payload).joined())
            for split in 0...wire.count {
                var client = SimulatedClient(request, clock: vector.timestamp, crypto: crypto)
                try client.receive(Array(wire[..<split]))
                try client.receive(Array(wire[split...]))
                #expect(client.payload == payload && client.receiver?.mayEnd == true, "split at \(split)")
            }
            var client = SimulatedClient(request, clock: vector.timestamp, crypto: crypto)
            for byte in wire { try client.receive([byte]) }
            #expect(client.payload == payload && client.receiver?.mayEnd == true)
        }
    }

    @Test(arguments: Backend.available)
    func `refuses every response with any byte of the header changed`(backend: Backend) throws {
        let crypto = try Crypto(backend)
        for vector in self.vectors.tcp_responses {
            let request = try self.request(vector)
            let wire = [UInt8](hex: vector.wire)
            for index in 0..<ResponseHeader.count(request.method) {
                var changed = wire
                changed[index] ^= 0x10
                var client = SimulatedClient(request, clock: vector.timestamp, crypto: crypto)
                #expect(throws: ResponseHeader.HeaderError.authentication) { try client.receive(changed) }
            }
            for index in ResponseHeader.count(request.method)..<wire.count {
                var changed = wire
                changed[index] ^= 0x10
                var client = SimulatedClient(request, clock: vector.timestamp, crypto: crypto)
                #expect(throws: StreamOpener.StreamError.authentication) { try client.receive(changed) }
            }
        }
    }

    @Test(arguments: Backend.available)
    func `judges the negative responses, split at every byte`(backend: Backend) throws {
        let crypto = try Crypto(backend)
        let vectors = self.vectors.negative_tcp_responses
        #expect(vectors.cases.count == 6)
        let verdicts: [String: ResponseHeader.HeaderError?] = [
            "accept": nil, "reject: type": .type, "reject: request salt": .requestSalt,
            "reject: timestamp": .timestamp, "reject: zero length": .emptyPayload,
        ]
        let request = ResponseHeader.Request(
            method: try #require(Method(rawValue: vectors.method)),
            key: Secret([UInt8](hex: vectors.psk)),
            salt: Salt(bytes: [UInt8](hex: vectors.request_salt))
        )
        for vector in vectors.cases {
            let expected = try #require(verdicts[vector.expect], "\(vector.expect)")
            let wire = [UInt8](hex: vector.wire)
            for split in 0...wire.count {
                var client = SimulatedClient(request, clock: vectors.clock, crypto: crypto)
                var refusal: ResponseHeader.HeaderError?
                do {
                    try client.receive(Array(wire[..<split]))
                    try client.receive(Array(wire[split...]))
                } catch let error as ResponseHeader.HeaderError {
                    refusal = error
                }
                #expect(refusal == expected, "\(vector.name), split at \(split)")
                #expect((client.receiver != nil) == (expected == nil), "\(vector.name), split at \(split)")
            }
        }
    }

    @Test(arguments: [(0, true), (30, true), (31, false), (1 << 63, false), (1 << 63 | 1, false)] as [(UInt64, Bool)])
    func `believes clocks that are at most 30 seconds apart`(difference: UInt64, isFresh: Bool) throws {
        let crypto = try Crypto()
        let vector = try #require(self.vectors.tcp_responses.first)
        for clock in [vector.timestamp &+ difference, vector.timestamp &- difference] {
            var client = SimulatedClient(try self.request(vector), clock: clock, crypto: crypto)
            let opened: Void? = try? client.receive([UInt8](hex: vector.wire))
            #expect((opened != nil) == isFresh, "\(clock)")
        }
    }
}
