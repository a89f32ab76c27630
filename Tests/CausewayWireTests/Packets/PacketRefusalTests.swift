import CausewayBytes
import CausewayCrypto
import TestSupport
import Testing

@testable import CausewayWire

/// What is not accepted, and what a client and a server make of a path that loses, doubles and turns around.
@Suite struct PacketRefusalTests {
    private static let clock: UnixSeconds = 1_700_000_000
    private let crypto: Crypto
    private let opener: PacketOpener
    private let sealer: PacketSealer

    init() throws {
        self.crypto = try Crypto()
        self.opener = PacketOpener(aead: self.crypto.aead, aes: self.crypto.aes)
        self.sealer = PacketSealer(aead: self.crypto.aead, aes: self.crypto.aes)
    }

    private static func key(_ method: Method, _ byte: UInt8) -> Secret {
        Secret(Array(repeating: byte, count: method.keyCount))
    }

    /// A client with one hop before its server where the method has identity headers.
    private struct Pair {
        let credentials: RequestCredentials
        let server: RequestAcceptor.Keys
        let user: Secret

        init(_ method: Method) {
            self.user = PacketRefusalTests.key(method, 2)
            if method.hasIdentityHeaders {
                let key = PacketRefusalTests.key(method, 1)
                self.credentials = RequestCredentials(method: method, identityKeys: [key], userKey: self.user)
                let users = IdentityTable(keys: [PacketRefusalTests.key(method, 9), self.user])
                self.server = RequestAcceptor.Keys(method: method, serverKey: key, users: users)
            } else {
                self.credentials = RequestCredentials(method: method, identityKeys: [], userKey: self.user)
                self.server = RequestAcceptor.Keys(method: method, serverKey: self.user, users: nil)
            }
        }
    }

    private static let target = Address(SocketAddress(ip: .v4(0x0a00_0001), port: 53))

    private func request(
        _ pair: Pair,
        _ payload: [UInt8],
        session: UInt64 = 7,
        number: UInt64 = 0,
        padding: Int = 0,
        clock: UnixSeconds = Self.clock
    ) -> [UInt8] {
        var buffer = [UInt8](repeating: 0x55, count: 1200) + payload + [UInt8](repeating: 0, count: 16)
        let range = buffer.withByteRegion { buffer in
            self.sealer.request(
                buffer,
                payload: 1200..<1200 + payload.count,
                id: PacketID(session: session, number: number),
                to: Self.target,
                padding: padding,
                clock: clock,
                with: pair.credentials,
                nonce: (session, number, 3)
            )
        }
        return Array(buffer[range])
    }

    private func open(_ wire: [UInt8], _ pair: Pair) throws(PacketRefusal) -> [UInt8] {
        var wire = wire
        return try wire.withByteRegion { datagram throws(PacketRefusal) in
            let pending = try self.opener.begin(request: datagram, pair.server)
            let opened = try self.opener.open(request: datagram, pending, clock: Self.clock)
            return datagram.region(opened.payload).array()
        }
    }

    @Test(arguments: Method.allCases) func `what is cut off or changed anywhere is refused`(method: Method) throws {
        let pair = Pair(method)
        let wire = self.request(pair, [1, 2, 3], padding: 5)
        #expect(try self.open(wire, pair) == [1, 2, 3])
        for count in 0..<wire.count {
            #expect(throws: PacketRefusal.self, "\(count) bytes") { try self.open(Array(wire.prefix(count)), pair) }
        }
        for index in wire.indices {
            for bit in 0..<8 {
                var changed = wire
                changed[index] ^= 1 << UInt8(bit)
                #expect(throws: PacketRefusal.self, "byte \(index)") { try self.open(changed, pair) }
            }
        }
        #expect(throws: PacketRefusal.self) { try self.open(wire + [0], pair) }
    }

    @Test(arguments: Method.allCases) func `time is accepted 30 s to either side, and no wrap of it`(method: Method)
        throws
    {
        let pair = Pair(method)
        for (clock, isFresh) in [
            (Self.clock - 31, false), (Self.clock - 30, true), (Self.clock + 30, true), (Self.clock + 31, false),
            (Self.clock &+ 1 << 63, false), (0, false), (.max, false),
        ] {
            let wire = self.request(pair, [1], clock: clock)
            if isFresh {
                #expect(try self.open(wire, pair) == [1])
            } else {
                #expect(throws: PacketRefusal.timestamp) { try self.open(wire, pair) }
            }
        }
    }

    @Test(arguments: Method.allCases) func `an answer is no request, and a request no answer`(method: Method) throws {
        let pair = Pair(method)
        var buffer = [UInt8](repeating: 0, count: 300)
        let range = buffer.withByteRegion { buffer in
            self.sealer.response(
                buffer,
                payload: 200..<204,
                id: PacketID(session: 7, number: 0),
                to: 7,
                from: Self.target,
                clock: Self.clock,
                method,
                key: pair.user,
                nonce: (1, 2, 3)
            )
        }
        let single = RequestAcceptor.Keys(method: method, serverKey: pair.user, users: nil)
        var answer = Array(buffer[range])
        #expect(throws: PacketRefusal.type) {
            try answer.withByteRegion { datagram throws(PacketRefusal) in
                let pending = try self.opener.begin(request: datagram, single)
                _ = try self.opener.open(request: datagram, pending, clock: Self.clock)
            }
        }
        let alone = RequestCredentials(method: method, identityKeys: [], userKey: pair.user)
        var request = [UInt8](repeating: 0, count: 300)
        let sent = request.withByteRegion { buffer in
            self.sealer.request(
                buffer,
                payload: 200..<204,
                id: PacketID(session: 7, number: 0),
                to: Self.target,
                padding: 20,
                clock: Self.clock,
                with: alone,
                nonce: (1, 2, 3)
            )
        }
        var datagram = Array(request[sent])
        #expect(throws: PacketRefusal.type) {
            try datagram.withByteRegion { datagram throws(PacketRefusal) in
                let pending = try self.opener.begin(response: datagram, method, key: pair.user)
                _ = try self.opener.open(response: datagram, pending, to: 7, clock: Self.clock)
            }
        }
    }

    @Test func `a relay with users finds user and next hop, and the exit opens what it passes on`() throws {
        let method = Method.aes256GCM
        let keys = [1, 2, 3, 4].map { Self.key(method, UInt8($0)) }
        let credentials = RequestCredentials(method: method, identityKeys: Array(keys.dropLast()), userKey: keys[3])
        var buffer = [UInt8](repeating: 0, count: 300) + [9, 9] + [UInt8](repeating: 0, count: 16)
        let range = buffer.withByteRegion { buffer in
            self.sealer.request(
                buffer,
                payload: 300..<302,
                id: PacketID(session: 1, number: 2),
                to: Self.target,
                clock: Self.clock,
                with: credentials
            )
        }
        var wire = Array(buffer[range])
        let relay = RelayAcceptor.Keys(
            method: method,
            key: keys[0],
            users: IdentityTable(keys: [Self.key(method, 8), keys[1]]),
            next: IdentityTable(keys: [keys[2]])
        )
        let forwarded = try wire.withByteRegion { datagram throws(PacketRefusal) in
            try self.opener.forward(datagram, relay)
        }
        #expect(forwarded.user == 1 && forwarded.next == 0 && forwarded.id == PacketID(session: 1, number: 2))
        var onward = Array(wire[forwarded.range])
        let exit = RequestAcceptor.Keys(method: method, serverKey: keys[2], users: IdentityTable(keys: [keys[3]]))
        let payload = try onward.withByteRegion { datagram throws(PacketRefusal) in
            let pending = try self.opener.begin(request: datagram, exit)
            let opened = try self.opener.open(request: datagram, pending, clock: Self.clock)
            return datagram.region(opened.payload).array()
        }
        #expect(payload == [9, 9])
        for index in 16..<48 {
            var changed = Array(buffer[range])
            changed[index] ^= 1
            #expect(throws: PacketRefusal.unknownIdentity) {
                try changed.withByteRegion { datagram throws(PacketRefusal) in
                    _ = try self.opener.forward(datagram, relay)
                }
            }
        }
    }

    /// Requests over a path that loses a tenth, doubles a tenth and delays some: each that arrives is accepted once,
    /// unless 2,048 others have overtaken it.
    @Test(arguments: Method.allCases) func `each packet is accepted once, in whatever order they come`(method: Method)
        throws
    {
        let pair = Pair(method)
        var random = SeededGenerator(seed: 11)
        var onTheWay: [(due: Int, number: UInt64, wire: [UInt8])] = []
        for number in 0..<1_000 {
            guard Int.random(in: 0..<10, using: &random) > 0 else { continue }
            let wire = self.request(pair, [UInt8(number & 255), UInt8(number >> 8)], number: UInt64(number))
            for _ in 0...(Int.random(in: 0..<10, using: &random) == 0 ? 1 : 0) {
                onTheWay.append((number + Int.random(in: 0..<50, using: &random), UInt64(number), wire))
            }
        }
        onTheWay.sort { $0.due < $1.due }
        var window = PacketWindow()
        var accepted: [UInt64] = []
        for packet in onTheWay {
            var wire = packet.wire
            do throws(PacketRefusal) {
                try wire.withByteRegion { datagram throws(PacketRefusal) in
                    let pending = try self.opener.begin(request: datagram, pair.server)
                    guard window.accepts(pending.id.number) else { throw .replayed }
                    let opened = try self.opener.open(request: datagram, pending, clock: Self.clock)
                    let payload = datagram.region(opened.payload).array()
                    #expect(payload == [UInt8(packet.number & 255), UInt8(packet.number >> 8)])
                    window.commit(pending.id.number)
                    accepted.append(pending.id.number)
                }
            } catch {
                #expect(error == .replayed && accepted.contains(packet.number))
            }
        }
        #expect(Set(accepted).count == accepted.count)
        #expect(Set(accepted) == Set(onTheWay.map(\.number)))
    }

    @Test func `a client follows a server that was started anew, and not one that changes all the time`() throws {
        var sessions = ServerSessions()
        var now = Instant(nanoseconds: 1 << 40)
        func accepts(_ session: UInt64, _ number: UInt64) -> PacketRefusal? {
            do throws(PacketRefusal) {
                try sessions.accepts(PacketID(session: session, number: number), now: now)
                return nil
            } catch {
                return error
            }
        }
        func commit(_ session: UInt64, _ number: UInt64) {
            #expect(accepts(session, number) == nil)
            sessions.commit(PacketID(session: session, number: number), now: now)
        }
        commit(1, 0)
        #expect(accepts(1, 0) == .replayed)
        commit(1, 5)
        commit(2, 0)
        // What the old one had sent may still come.
        commit(1, 4)
        #expect(accepts(1, 4) == .replayed && accepts(2, 0) == .replayed)
        #expect(accepts(3, 0) == .foreignSession)
        now = now + .seconds(59)
        #expect(accepts(3, 0) == .foreignSession)
        now = now + .seconds(1)
        commit(3, 0)
        commit(2, 1)
        #expect(accepts(1, 9) == .foreignSession)
    }

    @Test func `padding is for name servers, and stays within the path`() {
        #expect(PacketFormat.padding(port: 443, count: 100, most: 1400, random: 77) == 0)
        #expect(PacketFormat.padding(port: 53, count: 1400, most: 1400, random: 77) == 0)
        #expect(PacketFormat.padding(port: 53, count: 1500, most: 1400, random: 77) == 0)
        for random in [0, 1, 299, 300, 301, 12_345, .max] as [UInt64] {
            let padding = PacketFormat.padding(port: 53, count: 1_100, most: 1_400, random: random)
            #expect((0...300).contains(padding))
            #expect((0...900).contains(PacketFormat.padding(port: 53, count: 100, most: 65_507, random: random)))
        }
        #expect(PacketFormat.padding(port: 53, count: 100, most: 65_507, random: 900) == 900)
    }

    /// Protocol reference 3.1 and 3.2.
    @Test func `datagrams grow by what the reference says`() throws {
        let v4 = Self.target
        let v6 = Address(SocketAddress(ip: .v6(high: 1, low: 1), port: 53))
        let name = Address(host: try #require(Host("abc.example".utf8)), port: 53)
        #expect([v4, v6, name].map { PacketFormat.requestOverhead(.aes128GCM, hops: 0, to: $0) } == [50, 62, 47 + 11])
        #expect(PacketFormat.requestOverhead(.aes256GCM, hops: 2, to: v4) == 82)
        #expect([v4, v6].map { PacketFormat.responseOverhead(.aes128GCM, from: $0) } == [58, 70])
        #expect([v4, v6].map { PacketFormat.requestOverhead(.chaCha20Poly1305, hops: 0, to: $0) } == [74, 86])
        #expect([v4, v6].map { PacketFormat.responseOverhead(.chaCha20Poly1305, from: $0) } == [82, 94])
    }
}
