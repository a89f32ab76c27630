import CausewayBytes
import CausewayCrypto
import TestSupport
import Testing

@testable import CausewayWire

@Suite struct RequestVectorTests {
    private struct Stream {
        let vector: ShadowsocksVectors.Request
        let method: Method
        let credentials: RequestCredentials
        let target: Address
        /// Header, first payload and following chunks.
        let wire: [UInt8]
        let payload: [UInt8]

        init(_ vector: ShadowsocksVectors.Request) throws {
            self.vector = vector
            self.method = try #require(Method(rawValue: vector.method))
            let keys = vector.psks.map { Secret([UInt8](hex: $0)) }
            let userKey = try #require(keys.last)
            self.credentials = RequestCredentials(
                method: self.method,
                identityKeys: keys.dropLast(),
                userKey: userKey
            )
            let host = try #require(Host(vector.target.host.utf8))
            self.target = Address(host: host, port: vector.target.port)
            self.wire = [UInt8](hex: vector.wire + vector.following_chunks.map(\.wire).joined())
            self.payload = [UInt8](hex: vector.payload + vector.following_chunks.map(\.payload).joined())
        }

        /// The servers that can end this stream's chain, each with the bytes that arrive there: one with users, to which
        /// one identity header is left, and one without.
        func servers() throws -> [(keys: RequestAcceptor.Keys, wire: [UInt8])] {
            let keys = self.vector.psks.map { Secret([UInt8](hex: $0)) }
            var servers: [(RequestAcceptor.Keys, [UInt8])] = []
            var wire = self.wire
            for index in keys.indices.dropLast() {
                if index == keys.count - 2 {
                    let users = IdentityTable(keys: [Secret([UInt8](repeating: 1, count: 32)), keys[index + 1]])
                    servers.append((.init(method: self.method, serverKey: keys[index], users: users), wire))
                }
                wire = wire.withoutIdentityHeader(self.method)
            }
            let userKey = try #require(keys.last)
            servers.append((.init(method: self.method, serverKey: userKey, users: nil), wire))
            return servers
        }
    }

    private func streams() throws -> [Stream] {
        let vectors = try ShadowsocksVectors.load().tcp_requests
        #expect(vectors.count == 15)
        return try vectors.map { try Stream($0) }
    }

    @Test(arguments: Backend.available)
    func `accepts every request, split at every byte`(backend: Backend) throws {
        let crypto = try Crypto(backend)
        for stream in try self.streams() {
            for (keys, wire) in try stream.servers() {
                for split in 0...wire.count {
                    var server = SimulatedServer(keys, clock: stream.vector.timestamp, crypto: crypto)
                    try server.receive(Array(wire[..<split]))
                    try server.receive(Array(wire[split...]))
                    try self.check(server, stream, keys, "split at \(split)")
                }
            }
        }
    }

    @Test(arguments: Backend.available)
    func `accepts every request that comes byte by byte`(backend: Backend) throws {
        let crypto = try Crypto(backend)
        for stream in try self.streams() {
            for (keys, wire) in try stream.servers() {
                var server = SimulatedServer(keys, clock: stream.vector.timestamp, crypto: crypto)
                for byte in wire { try server.receive([byte]) }
                try self.check(server, stream, keys, "byte by byte")
            }
        }
    }

    private func check(
        _ server: SimulatedServer,
        _ stream: Stream,
        _ keys: RequestAcceptor.Keys,
        _ how: String
    ) throws {
        let accepted = try #require(server.accepted, "\(stream.vector.name), \(how)")
        #expect(accepted.target == stream.target)
        #expect(accepted.user == (keys.users == nil ? 0 : 1))
        #expect(accepted.request.salt == Salt(bytes: [UInt8](hex: stream.vector.salt)))
        #expect(accepted.request.key == stream.credentials.userKey && accepted.request.method == stream.method)
        #expect(server.firstPayload == [UInt8](hex: stream.vector.payload), "\(stream.vector.name), \(how)")
        #expect(server.payload == stream.payload, "\(stream.vector.name), \(how)")
        #expect(server.receiver?.mayEnd == true && server.salts.generations.count == 1)
    }

    @Test(arguments: Backend.available)
    func `seals every request as the vectors have it`(backend: Backend) throws {
        let crypto = try Crypto(backend)
        for stream in try self.streams() {
            let vector = stream.vector
            let padding = [UInt8](hex: vector.padding)
            var (wire, sealer) = crypto.request(
                stream.credentials,
                target: stream.target,
                padding: padding.count,
                payload: [UInt8](hex: vector.payload),
                salt: [UInt8](hex: vector.salt),
                timestamp: vector.timestamp
            )
            let expected = [UInt8](hex: vector.wire)
            if padding.allSatisfy({ $0 == 0 }) {
                #expect(wire == expected, "\(vector.name)")
            } else {
                // Our padding is zeros, the vector's is not: up to the variable chunk all is the same, and what follows
                // opens to the same request.
                let fixedEnd = stream.method.keyCount + 16 * (vector.psks.count - 1) + RequestHeader.sealedFixedCount
                #expect(wire.count == expected.count && wire[..<fixedEnd] == expected[..<fixedEnd], "\(vector.name)")
            }
            for chunk in vector.following_chunks {
                let sealed = crypto.chunk([UInt8](hex: chunk.payload), &sealer)
                #expect(sealed.hex == chunk.wire, "\(vector.name)")
                wire += sealed
            }
            for _ in 1..<vector.psks.count { wire = wire.withoutIdentityHeader(stream.method) }
            let keys = RequestAcceptor.Keys(
                method: stream.method,
                serverKey: stream.credentials.userKey,
                users: nil
            )
            var server = SimulatedServer(keys, clock: vector.timestamp, crypto: crypto)
            try server.receive(wire)
            try self.check(server, stream, keys, "sealed by us")
        }
    }

    @Test(arguments: Backend.available)
    func `refuses every request with any byte changed`(backend: Backend) throws {
        let crypto = try Crypto(backend)
        for stream in try self.streams() {
            let following = stream.vector.following_chunks.reduce(0) { $0 + $1.wire.count / 2 }
            for (keys, wire) in try stream.servers() {
                let header = wire.dropLast(following)
                for index in header.indices {
                    var changed = Array(header)
                    changed[index] ^= 0x40
                    var server = SimulatedServer(keys, clock: stream.vector.timestamp, crypto: crypto)
                    #expect(throws: RequestAcceptor.Refusal.self, "\(stream.vector.name), byte \(index)") {
                        try server.receive(changed)
                    }
                }
            }
        }
    }

    @Test(arguments: Backend.available)
    func `judges the negative requests, split at every byte`(backend: Backend) throws {
        let crypto = try Crypto(backend)
        let vectors = try ShadowsocksVectors.load().negative_tcp_requests
        #expect(vectors.cases.count == 23)
        let method = try #require(Method(rawValue: vectors.method))
        let keys = RequestAcceptor.Keys(method: method, serverKey: Secret([UInt8](hex: vectors.psk)), users: nil)
        for vector in vectors.cases {
            let expected = try Self.refusal(vector)
            let wire = [UInt8](hex: vector.wire)
            for split in 0...wire.count {
                var server = SimulatedServer(keys, clock: vectors.clock, crypto: crypto)
                var refusal: RequestAcceptor.Refusal?
                do {
                    try server.receive(Array(wire[..<split]))
                    try server.receive(Array(wire[split...]))
                } catch let error as RequestAcceptor.Refusal {
                    refusal = error
                }
                #expect(refusal == expected, "\(vector.name), split at \(split)")
                #expect((server.accepted != nil) == (expected == nil), "\(vector.name), split at \(split)")
                // A salt is spent by a header that is authentic and fresh, and by nothing else.
                let spends = ![.authentication, .type, .timestamp].contains(expected)
                #expect(server.salts.generations.count == (spends ? 1 : 0), "\(vector.name), split at \(split)")
            }
        }
    }

    private struct UnknownVerdict: Error {
        let text: String
    }

    private static func refusal(_ vector: ShadowsocksVectors.Case) throws -> RequestAcceptor.Refusal? {
        switch (vector.expect, vector.name) {
        case ("accept", _): nil
        case ("reject: timestamp", _): .timestamp
        case ("reject: type", _): .type
        case ("reject: neither padding nor payload", _): .neitherPaddingNorPayload
        case ("reject: padding length", _), ("reject: short header", "cut inside the padding length"):
            .paddingBeyondHeader
        case ("reject: short header", _), ("reject: address type", _), ("reject: address", _): .malformedAddress
        case ("reject: authentication", _): .authentication
        case ("reject: authentication (after the salt was consumed)", _): .variableAuthentication
        default: throw UnknownVerdict(text: vector.expect)
        }
    }
}
