import CausewayBytes
import CausewayCrypto
import TestSupport
import Testing

@testable import CausewayWire

@Suite struct PacketVectorTests {
    private let crypto: Crypto
    private let opener: PacketOpener
    private let sealer: PacketSealer
    private let vectors: ShadowsocksVectors

    init() throws {
        self.crypto = try Crypto()
        self.opener = PacketOpener(aead: self.crypto.aead, aes: self.crypto.aes)
        self.sealer = PacketSealer(aead: self.crypto.aead, aes: self.crypto.aes)
        self.vectors = try ShadowsocksVectors.load()
    }

    private func address(_ target: ShadowsocksVectors.Target) throws -> Address {
        Address(host: try #require(Host(target.host.utf8)), port: target.port)
    }

    private func nonce(_ text: String?) -> PacketSealer.RandomNonce {
        var bytes = [UInt8](hex: text ?? String(repeating: "0", count: 48))
        return bytes.withByteRegion { bytes in
            (
                bytes.load(at: 0, as: UInt64.self), bytes.load(at: 8, as: UInt64.self),
                bytes.load(at: 16, as: UInt64.self)
            )
        }
    }

    private func keys(_ psks: [String]) -> [Secret] { psks.map { Secret([UInt8](hex: $0)) } }

    /// The servers that a packet's chain may end at, with what arrives there: relays before it have taken their headers.
    private func servers(
        _ vector: ShadowsocksVectors.ClientPacket
    ) throws -> [(keys: RequestAcceptor.Keys, wire: [UInt8])] {
        let method = try #require(Method(rawValue: vector.method))
        let keys = self.keys(vector.psks)
        let user = try #require(keys.last)
        var wire = [UInt8](hex: vector.wire)
        var servers: [(RequestAcceptor.Keys, [UInt8])] = []
        for index in 0..<keys.count - 1 {
            if index == keys.count - 2 {
                let table = IdentityTable(keys: [keys[index], user])
                servers.append((RequestAcceptor.Keys(method: method, serverKey: keys[index], users: table), wire))
            }
            let next = IdentityTable(keys: [keys[index + 1]])
            let relay = RelayAcceptor.Keys(method: method, key: keys[index], users: nil, next: next)
            let range = try wire.withByteRegion { datagram throws(PacketRefusal) in
                try self.opener.forward(datagram, relay).range
            }
            wire = Array(wire[range])
        }
        servers.append((RequestAcceptor.Keys(method: method, serverKey: user, users: nil), wire))
        return servers
    }

    @Test func `every request is opened by each server that it may be meant for`() throws {
        #expect(self.vectors.udp_client_packets.count == 15)
        for vector in self.vectors.udp_client_packets {
            let target = try self.address(vector.target)
            for (keys, wire) in try self.servers(vector) {
                var wire = wire
                let payload = try wire.withByteRegion { datagram throws(PacketRefusal) in
                    let pending = try self.opener.begin(request: datagram, keys)
                    #expect(pending.id.session == UInt64(vector.client_session_id, radix: 16))
                    #expect(pending.id.number == vector.packet_id)
                    #expect(pending.user == (keys.users == nil ? 0 : 1))
                    let opened = try self.opener.open(request: datagram, pending, clock: vector.timestamp + 30)
                    #expect(opened.address == target, "\(vector.name)")
                    return datagram.region(opened.payload).array()
                }
                #expect(payload == [UInt8](hex: vector.payload), "\(vector.name)")
            }
        }
    }

    @Test func `requests are sealed as in the vectors`() throws {
        for vector in self.vectors.udp_client_packets where vector.padding.isEmpty {
            let keys = self.keys(vector.psks)
            let credentials = RequestCredentials(
                method: try #require(Method(rawValue: vector.method)),
                identityKeys: keys.dropLast(),
                userKey: try #require(keys.last)
            )
            let target = try self.address(vector.target)
            let payload = [UInt8](hex: vector.payload)
            let overhead = PacketFormat.requestOverhead(credentials.method, hops: keys.count - 1, to: target)
            var buffer = [UInt8](repeating: 0xaa, count: 400) + payload + [UInt8](repeating: 0xaa, count: 20)
            let id = PacketID(
                session: try #require(UInt64(vector.client_session_id, radix: 16)),
                number: vector.packet_id
            )
            let range = buffer.withByteRegion { buffer in
                self.sealer.request(
                    buffer,
                    payload: 400..<400 + payload.count,
                    id: id,
                    to: target,
                    clock: vector.timestamp,
                    with: credentials,
                    nonce: self.nonce(vector.nonce)
                )
            }
            #expect(Array(buffer[range]) == [UInt8](hex: vector.wire), "\(vector.name)")
            #expect(range.count == payload.count + overhead)
            #expect(buffer[..<range.lowerBound].allSatisfy { $0 == 0xaa } && buffer[range.upperBound...].count == 4)
        }
    }

    @Test func `answers are sealed and opened as in the vectors`() throws {
        #expect(self.vectors.udp_server_packets.count == 6)
        for vector in self.vectors.udp_server_packets {
            let method = try #require(Method(rawValue: vector.method))
            let key = Secret([UInt8](hex: vector.psk))
            let source = try self.address(vector.source)
            let session = try #require(UInt64(vector.client_session_id, radix: 16))
            var wire = [UInt8](hex: vector.wire)
            let payload = try wire.withByteRegion { datagram throws(PacketRefusal) in
                let pending = try self.opener.begin(response: datagram, method, key: key)
                #expect(pending.id.session == UInt64(vector.server_session_id, radix: 16))
                #expect(pending.id.number == vector.packet_id)
                let opened = try self.opener.open(
                    response: datagram,
                    pending,
                    to: session,
                    clock: vector.timestamp - 30
                )
                #expect(opened.address == source)
                return datagram.region(opened.payload).array()
            }
            #expect(payload == [UInt8](hex: vector.payload), "\(vector.name)")
            guard vector.padding.isEmpty else { continue }
            var buffer = [UInt8](repeating: 0xaa, count: 200) + payload + [UInt8](repeating: 0xaa, count: 16)
            let id = PacketID(
                session: try #require(UInt64(vector.server_session_id, radix: 16)),
                number: vector.packet_id
            )
            let range = buffer.withByteRegion { buffer in
                self.sealer.response(
                    buffer,
                    payload: 200..<200 + payload.count,
                    id: id,
                    to: session,
                    from: source,
                    clock: vector.timestamp,
                    method,
                    key: key,
                    nonce: self.nonce(vector.nonce)
                )
            }
            #expect(Array(buffer[range]) == [UInt8](hex: vector.wire), "\(vector.name)")
            #expect(range.count == payload.count + PacketFormat.responseOverhead(method, from: source))
        }
    }

    @Test func `a relay passes on what the vectors say`() throws {
        #expect(self.vectors.udp_relay.count == 4)
        for vector in self.vectors.udp_relay {
            let keys = RelayAcceptor.Keys(
                method: try #require(Method(rawValue: vector.method)),
                key: Secret([UInt8](hex: vector.relay_ipsk)),
                users: nil,
                next: IdentityTable(keys: [Secret([UInt8](hex: vector.next_psk))])
            )
            var wire = [UInt8](hex: vector.received)
            let forwarded = try wire.withByteRegion { datagram throws(PacketRefusal) in
                try self.opener.forward(datagram, keys)
            }
            #expect(Array(wire[forwarded.range]) == [UInt8](hex: vector.forwarded), "\(vector.name)")
            #expect(forwarded.user == nil && forwarded.next == 0)
        }
    }
}
