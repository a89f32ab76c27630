import CausewayBytes
import CausewayCrypto
import TestSupport
import Testing

@testable import CausewayWire

@Suite struct RelayAcceptorTests {
    private let aes: any AESBlock

    init() throws {
        self.aes = try #require(makeAESBlock())
    }

    private func key(_ hex: String) -> Secret { Secret([UInt8](hex: hex)) }

    /// What the relay makes of `wire` when it comes in pieces that end at `cuts`: the verdict and what goes on.
    private func relay(
        _ wire: [UInt8],
        cuts: [Int] = [],
        _ keys: RelayAcceptor.Keys,
        salts: SaltLog = SaltLog()
    ) throws -> (accepted: RelayAcceptor.Accepted, forwarded: [UInt8])? {
        var acceptor = RelayAcceptor(keys)
        for end in cuts + [wire.count] {
            // Each time in fresh memory, as a session keeps its bytes elsewhere between two reads.
            var buffer = Array(wire[..<end])
            let outcome = try buffer.withByteRegion { region in
                Result {
                    try acceptor.receive(
                        region,
                        now: Instant(nanoseconds: 0),
                        clock: UnixSeconds(0),
                        salts: salts,
                        with: self.aes
                    )
                }
            }.get()
            if case .accepted(let accepted) = outcome {
                return (accepted, Array(wire[..<accepted.saltCount] + wire[accepted.consumed...]))
            }
        }
        return nil
    }

    /// The relay of a vector, where the next hop is the second of three.
    private func keys(_ vector: ShadowsocksVectors.Relayed, users: IdentityTable? = nil) throws -> RelayAcceptor.Keys {
        let method = try #require(Method(rawValue: vector.method))
        let others = [1, 2].map { Secret([UInt8](repeating: $0, count: method.keyCount)) }
        return RelayAcceptor.Keys(
            method: method,
            key: self.key(vector.relay_ipsk),
            users: users,
            next: IdentityTable(keys: [others[0], self.key(vector.next_psk), others[1]])
        )
    }

    @Test func `strips one identity header of every vector, split at every byte`() throws {
        let vectors = try ShadowsocksVectors.load().tcp_relay
        #expect(vectors.count >= 4)
        for vector in vectors {
            let wire = [UInt8](hex: vector.received)
            let keys = try self.keys(vector)
            for cut in 0...wire.count {
                let result = try #require(try self.relay(wire, cuts: [cut], keys))
                #expect(result.accepted.next == 1 && result.accepted.user == nil)
                let isRight = cut < RelayAcceptor.neededCount(keys) || result.accepted.consumed <= cut
                #expect(isRight)
                #expect(result.forwarded.prefix(wire.count) == [UInt8](hex: vector.forwarded).prefix(wire.count))
            }
        }
    }

    @Test func `waits for the salt and all of its headers`() throws {
        let vector = try #require(try ShadowsocksVectors.load().tcp_relay.first)
        let keys = try self.keys(vector)
        let wire = [UInt8](hex: vector.received)
        #expect(RelayAcceptor.neededCount(keys) == 32)
        for count in 0..<32 { #expect(try self.relay(Array(wire[..<count]), keys) == nil) }
        #expect(try self.relay(Array(wire[..<32]), keys)?.forwarded == Array(wire[..<16]))
    }

    @Test func `with users two headers are its own: the vector's chain of two`() throws {
        // The first vector's chain has a relay, then a hop whose key is the vector's next key, then a third key.
        let vector = try #require(try ShadowsocksVectors.load().tcp_relay.first)
        let request = try #require(
            try ShadowsocksVectors.load().tcp_requests.first { $0.wire.hasPrefix(String(vector.received.prefix(96))) }
        )
        let method = try #require(Method(rawValue: vector.method))
        let last = try #require(request.psks.last)
        let access = self.key(vector.next_psk)
        let stranger = Secret([UInt8](repeating: 9, count: method.keyCount))
        let keys = RelayAcceptor.Keys(
            method: method,
            key: self.key(vector.relay_ipsk),
            users: IdentityTable(keys: [stranger, access]),
            next: IdentityTable(keys: [self.key(last)])
        )
        #expect(RelayAcceptor.neededCount(keys) == 48)
        let wire = [UInt8](hex: vector.received)
        for cut in 0...wire.count {
            let result = try #require(try self.relay(wire, cuts: [cut], keys))
            #expect(result.accepted.user == 1 && result.accepted.next == 0)
            #expect(result.accepted.saltCount == 16 && result.accepted.consumed == 48)
        }
    }

    @Test func `who names nobody that is known is refused, and takes no room in the memory`() throws {
        let vector = try #require(try ShadowsocksVectors.load().tcp_relay.first)
        let salts = SaltLog()
        var keys = try self.keys(vector)
        let wire = [UInt8](hex: vector.received)
        var changed = wire
        changed[20] ^= 1
        #expect(throws: RelayAcceptor.Refusal.unknownNext) { try self.relay(changed, keys, salts: salts) }
        keys = try self.keys(vector, users: IdentityTable(keys: [Secret([UInt8](repeating: 7, count: 16))]))
        #expect(throws: RelayAcceptor.Refusal.unknownUser) { try self.relay(wire, keys, salts: salts) }
        keys = try self.keys(vector, users: IdentityTable(keys: [self.key(vector.next_psk)]))
        #expect(throws: RelayAcceptor.Refusal.unknownNext) { try self.relay(wire, keys, salts: salts) }
        // The same salt is good still.
        #expect(try self.relay(wire, try self.keys(vector), salts: salts) != nil)
    }

    @Test func `a salt is good for one connection`() throws {
        let vector = try #require(try ShadowsocksVectors.load().tcp_relay.first)
        let salts = SaltLog()
        let keys = try self.keys(vector)
        let wire = [UInt8](hex: vector.received)
        #expect(try self.relay(wire, keys, salts: salts) != nil)
        #expect(throws: RelayAcceptor.Refusal.replay) { try self.relay(wire, keys, salts: salts) }
    }

    @Test func `first units are as long as the next hop and the client may ask for`() {
        #expect(RelayAcceptor.firstUnitCount(.aes128GCM) == 59)
        #expect(RelayAcceptor.firstUnitCount(.aes256GCM) == 75)
        #expect(RelayAcceptor.firstResponseCount(.aes128GCM) == 59)
        #expect(RelayAcceptor.firstResponseCount(.aes256GCM) == 91)
    }
}
