import CausewayBytes
import CausewayCrypto
import TestSupport
import Testing

@testable import CausewayWire

/// A client and a server of ours, driven against each other under every kind of segmentation.
@Suite struct SimulatedPairTests {
    struct Setting: Sendable, CustomStringConvertible {
        let method: Method
        /// Identity headers of the client's chain.
        let hops: Int

        var description: String { "\(self.method.rawValue), \(self.hops) identity headers" }

        static let all = Method.allCases.flatMap { method in
            (method.hasIdentityHeaders ? 0...2 : 0...0).map { Setting(method: method, hops: $0) }
        }
    }

    private static let clock: UnixSeconds = 1_700_000_000
    private let crypto: Crypto

    init() throws {
        self.crypto = try Crypto()
    }

    @Test(arguments: Setting.all) func `exchanges payloads of all sizes both ways`(setting: Setting) throws {
        var random = SeededGenerator(seed: 41)
        let target = Address(host: .ip(.v4(0x0A00_0001)), port: 443)
        let biggest = RequestHeader.maximumPayload(target: target, padding: 0)
        for (round, size) in [0, 1, 2, 899, 900, 901, 16384, biggest].enumerated() {
            for limit in [7, 300, 100_000] where limit > 7 || size < 1000 {
                let padding = RequestHeader.padding(
                    payloadCount: size,
                    random: UInt16(truncatingIfNeeded: random.next())
                )
                try self.exchange(setting, target, padding, firstSize: size, limit: limit, round: round, &random)
            }
        }
    }

    private func exchange(
        _ setting: Setting,
        _ target: Address,
        _ padding: Int,
        firstSize: Int,
        limit: Int,
        round: Int,
        _ random: inout SeededGenerator
    ) throws {
        let method = setting.method
        let keys = (0...setting.hops).map { _ in Secret(random.bytes(method.keyCount)) }
        let userKey = keys[setting.hops]
        let strangers = (0..<3).map { _ in Secret(random.bytes(method.keyCount)) }
        let credentials = RequestCredentials(method: method, identityKeys: keys.dropLast(), userKey: userKey)
        let salt = random.bytes(method.keyCount)

        // Upstream: the header with its payload, then chunks.
        let first = random.bytes(firstSize)
        var (wire, sealer) = self.crypto.request(
            credentials,
            target: target,
            padding: padding,
            payload: first,
            salt: salt,
            timestamp: Self.clock - 30
        )
        var sent = first
        for size in [1, 700, 5000] {
            let payload = random.bytes(size)
            sent += payload
            wire += self.crypto.chunk(payload, &sealer)
        }
        for _ in 0..<max(0, setting.hops - 1) { wire = wire.withoutIdentityHeader(method) }
        let hasUsers = setting.hops > 0
        let serverKeys = RequestAcceptor.Keys(
            method: method,
            serverKey: hasUsers ? keys[setting.hops - 1] : userKey,
            users: hasUsers ? IdentityTable(keys: strangers + [userKey]) : nil
        )
        var server = SimulatedServer(serverKeys, clock: Self.clock, crypto: self.crypto)
        for segment in wire.segments(upTo: limit, &random) { try server.receive(segment) }
        let accepted = try #require(server.accepted)
        #expect(accepted.target == target && accepted.user == (hasUsers ? 3 : 0))
        #expect(server.payload == sent && server.receiver?.mayEnd == true)

        // Downstream.
        let answer = random.bytes([1, 16, 1024, 1025, 65535, 65534, 2, 16384][round])
        var (response, back) = self.crypto.response(
            accepted.request,
            payload: answer,
            salt: random.bytes(method.keyCount),
            timestamp: Self.clock + 30
        )
        let more = random.bytes(3000)
        response += self.crypto.chunk(more, &back)
        let request = ResponseHeader.Request(method: method, key: userKey, salt: Salt(bytes: salt))
        var client = SimulatedClient(request, clock: Self.clock, crypto: self.crypto)
        for segment in response.segments(upTo: limit, &random) { try client.receive(segment) }
        #expect(client.payload == answer + more && client.receiver?.mayEnd == true)
    }

    @Test(arguments: Method.allCases) func `fits the most payload that a header says it takes`(method: Method) throws {
        let name = try #require(DomainName([UInt8](repeating: 0x61, count: 255)))
        let target = Address(host: .name(name), port: 1)
        let key = Secret([UInt8](repeating: 3, count: method.keyCount))
        let credentials = RequestCredentials(method: method, identityKeys: [], userKey: key)
        for padding in [0, 1, RequestHeader.maximumPadding] {
            let size = RequestHeader.maximumPayload(target: target, padding: padding)
            let (wire, _) = self.crypto.request(
                credentials,
                target: target,
                padding: padding,
                payload: [UInt8](repeating: 9, count: size),
                salt: [UInt8](repeating: 5, count: method.keyCount),
                timestamp: Self.clock
            )
            let keys = RequestAcceptor.Keys(method: method, serverKey: key, users: nil)
            var server = SimulatedServer(keys, clock: Self.clock, crypto: self.crypto)
            try server.receive(wire)
            #expect(server.accepted?.target == target && server.firstPayload.count == size)
        }
    }

    @Test func `accepts a request once, even when its second half never came`() throws {
        let key = Secret([UInt8](repeating: 3, count: 16))
        let credentials = RequestCredentials(method: .aes128GCM, identityKeys: [], userKey: key)
        let (wire, _) = self.crypto.request(
            credentials,
            target: Address(host: .ip(.v4(1)), port: 1),
            padding: 5,
            payload: [],
            salt: [UInt8](repeating: 5, count: 16),
            timestamp: Self.clock
        )
        let keys = RequestAcceptor.Keys(method: .aes128GCM, serverKey: key, users: nil)
        let salts = SaltLog()
        var first = SimulatedServer(keys, clock: Self.clock, salts: salts, crypto: self.crypto)
        try first.receive(Array(wire[..<(16 + RequestHeader.sealedFixedCount - 1)]))
        #expect(salts.generations.count == 0, "a salt was spent before its header was whole")
        try first.receive([wire[16 + RequestHeader.sealedFixedCount - 1]])
        #expect(salts.generations.count == 1 && first.accepted == nil)
        var second = SimulatedServer(keys, clock: Self.clock, salts: salts, crypto: self.crypto)
        #expect(throws: RequestAcceptor.Refusal.replay) { try second.receive(wire) }
        // The first, which spent the salt, goes on none the less.
        try first.receive(Array(wire[(16 + RequestHeader.sealedFixedCount)...]))
        #expect(first.accepted != nil)
    }

    @Test func `refuses an identity that no user has`() throws {
        let server = Secret([UInt8](repeating: 1, count: 16))
        let (known, unknown) = (Secret([UInt8](repeating: 2, count: 16)), Secret([UInt8](repeating: 3, count: 16)))
        let keys = RequestAcceptor.Keys(
            method: .aes128GCM,
            serverKey: server,
            users: IdentityTable(keys: [known])
        )
        for (user, refusal) in [(known, nil), (unknown, RequestAcceptor.Refusal.unknownIdentity)] {
            let credentials = RequestCredentials(method: .aes128GCM, identityKeys: [server], userKey: user)
            let (wire, _) = self.crypto.request(
                credentials,
                target: Address(host: .ip(.v4(1)), port: 1),
                padding: 5,
                payload: [],
                salt: [UInt8](repeating: 5, count: 16),
                timestamp: Self.clock
            )
            var simulated = SimulatedServer(keys, clock: Self.clock, crypto: self.crypto)
            if let refusal {
                #expect(throws: refusal) { try simulated.receive(wire) }
                #expect(simulated.salts.generations.count == 0)
            } else {
                try simulated.receive(wire)
                #expect(simulated.accepted?.user == 0)
            }
        }
    }

    @Test func `does not take its own request for a response`() throws {
        let key = Secret([UInt8](repeating: 3, count: 16))
        let credentials = RequestCredentials(method: .aes128GCM, identityKeys: [], userKey: key)
        let salt = [UInt8](repeating: 5, count: 16)
        let (wire, _) = self.crypto.request(
            credentials,
            target: Address(host: .ip(.v4(1)), port: 1),
            padding: 500,
            payload: [],
            salt: salt,
            timestamp: Self.clock
        )
        let request = ResponseHeader.Request(method: .aes128GCM, key: key, salt: Salt(bytes: salt))
        var client = SimulatedClient(request, clock: Self.clock, crypto: self.crypto)
        #expect(throws: ResponseHeader.HeaderError.authentication) { try client.receive(wire) }
    }

    @Test(arguments: Setting.all) func `judges random bytes without a trap`(setting: Setting) {
        var random = SeededGenerator(seed: 42)
        let method = setting.method
        let key = Secret(random.bytes(method.keyCount))
        let keys = RequestAcceptor.Keys(
            method: method,
            serverKey: key,
            users: setting.hops > 0 ? IdentityTable(keys: [Secret(random.bytes(method.keyCount))]) : nil
        )
        for _ in 0..<200 {
            let bytes = random.bytes(Int.random(in: 0...200, using: &random))
            var server = SimulatedServer(keys, clock: Self.clock, crypto: self.crypto)
            let received: Void? = try? server.receive(bytes)
            #expect((received != nil) == (bytes.count < RequestAcceptor.fixedCount(keys)))
            let request = ResponseHeader.Request(method: method, key: key, salt: Salt())
            var client = SimulatedClient(request, clock: Self.clock, crypto: self.crypto)
            let answered: Void? = try? client.receive(bytes)
            #expect((answered != nil) == (bytes.count < ResponseHeader.count(method)))
        }
    }
}
