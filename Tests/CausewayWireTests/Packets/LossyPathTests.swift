import CausewayBytes
import CausewayCrypto
import TestSupport
import Testing

@testable import CausewayWire

/// A client's and a server's session on a simulated path that loses, doubles, delays and alters datagrams.
@Suite struct LossyPathTests {
    private static let clock: UnixSeconds = 1_700_000_000
    private static let target = Address(SocketAddress(ip: .v4(0x0a00_0001), port: 5000))

    /// What the path does to a datagram, each in a hundred.
    struct Weather: Sendable {
        var lost = 0, doubled = 0, altered = 0
        /// Places by which a datagram may fall behind.
        var behind = 0
    }

    /// A way in one direction.
    private struct Path {
        let weather: Weather
        var random: SeededGenerator

        /// What arrives of `sent`, in the order in which it does; with what was not altered marked as whole.
        mutating func carry(_ sent: [[UInt8]]) -> [(number: Int, bytes: [UInt8], isWhole: Bool)] {
            var arrivals: [(place: Int, number: Int, bytes: [UInt8], isWhole: Bool)] = []
            for (number, bytes) in sent.enumerated() {
                let copies = self.happens(self.weather.doubled) ? 2 : 1
                for _ in 0..<copies where !self.happens(self.weather.lost) {
                    var bytes = bytes
                    let isAltered = self.happens(self.weather.altered)
                    if isAltered {
                        let place = Int.random(in: 0..<bytes.count, using: &self.random)
                        bytes[place] ^= UInt8.random(in: 1...255, using: &self.random)
                    }
                    let place = number + Int.random(in: 0...self.weather.behind, using: &self.random)
                    arrivals.append((place, number, bytes, !isAltered))
                }
            }
            // Of those at one place the later one first, so that turns are as large as they may be.
            arrivals.sort { ($0.place, $1.number) < ($1.place, $0.number) }
            return arrivals.map { ($0.number, $0.bytes, $0.isWhole) }
        }

        private mutating func happens(_ percent: Int) -> Bool {
            Int.random(in: 0..<100, using: &self.random) < percent
        }
    }

    private static let weathers = [
        Weather(),
        Weather(lost: 20, doubled: 20, altered: 5, behind: 30),
        // As far behind as a window reaches.
        Weather(lost: 1, doubled: 50, behind: 2_000),
        // Farther.
        Weather(doubled: 10, behind: 5_000),
    ]

    private static let cases = [Method.aes128GCM, .aes256GCM, .chaCha20Poly1305].flatMap { method in
        Self.weathers.map { (method, $0) }
    }

    /// What has to be accepted: the first whole copy of each that is not too far behind, and nothing else.
    private static func expected(_ arrivals: [(number: Int, bytes: [UInt8], isWhole: Bool)]) -> [Bool] {
        var highest = -1
        var seen: Set<Int> = []
        return arrivals.map { arrival in
            guard arrival.isWhole, arrival.number > highest || highest - arrival.number < Int(PacketWindow.size),
                seen.insert(arrival.number).inserted
            else { return false }
            highest = max(highest, arrival.number)
            return true
        }
    }

    private static func payload(_ number: Int) -> [UInt8] { BytePattern.slice(at: number, count: number % 50) }

    @Test(arguments: Self.cases)
    func `every datagram is taken once, as it was sent, or not at all`(method: Method, weather: Weather) throws {
        let crypto = try Crypto()
        let opener = PacketOpener(aead: crypto.aead, aes: crypto.aes)
        let sealer = PacketSealer(aead: crypto.aead, aes: crypto.aes)
        let key = Secret([UInt8](repeating: 3, count: method.keyCount))
        let credentials = RequestCredentials(method: method, identityKeys: [], userKey: key)
        let keys = RequestAcceptor.Keys(method: method, serverKey: key, users: nil)
        var path = Path(weather: weather, random: SeededGenerator(seed: 77))
        let number = 6_000
        let (client, server): (UInt64, UInt64) = (0x1234, 0x5678)

        // Up: a session's window, as TunnelInlet keeps it.
        let requests = (0..<number).map { number in
            Self.sealed(number) { buffer, payload in
                sealer.request(
                    buffer,
                    payload: payload,
                    id: PacketID(session: client, number: UInt64(number)),
                    to: Self.target,
                    clock: Self.clock,
                    with: credentials,
                    nonce: (1, 2, UInt64(number))
                )
            }
        }
        var window = PacketWindow()
        let up = path.carry(requests)
        let taken = up.map { arrival in
            var bytes = arrival.bytes
            return bytes.withByteRegion { datagram in
                guard let pending = try? opener.begin(request: datagram, keys), pending.id.session == client,
                    window.accepts(pending.id.number),
                    let opened = try? opener.open(request: datagram, pending, clock: Self.clock)
                else { return false }
                window.commit(pending.id.number)
                #expect(datagram.region(opened.payload).array() == Self.payload(arrival.number))
                return opened.address == Self.target
            }
        }
        #expect(taken == Self.expected(up))

        // Down: what a client knows of the server's sessions, as HopOutlet keeps it.
        let responses = (0..<number).map { number in
            Self.sealed(number) { buffer, payload in
                sealer.response(
                    buffer,
                    payload: payload,
                    id: PacketID(session: server, number: UInt64(number)),
                    to: client,
                    from: Self.target,
                    clock: Self.clock,
                    method,
                    key: key,
                    nonce: (4, 5, UInt64(number))
                )
            }
        }
        var answers = ServerSessions()
        let now = Instant(nanoseconds: 1_000_000_000)
        let down = path.carry(responses)
        let heard = down.map { arrival in
            var bytes = arrival.bytes
            return bytes.withByteRegion { datagram in
                guard let pending = try? opener.begin(response: datagram, method, key: key),
                    (try? answers.accepts(pending.id, now: now)) != nil,
                    let opened = try? opener.open(response: datagram, pending, to: client, clock: Self.clock)
                else { return false }
                answers.commit(pending.id, now: now)
                #expect(datagram.region(opened.payload).array() == Self.payload(arrival.number))
                return opened.address == Self.target
            }
        }
        #expect(heard == Self.expected(down))
        // The path was as bad as it should be.
        #expect(taken.contains(false) == (weather.lost + weather.doubled > 0))
    }

    private static func sealed(_ number: Int, _ seal: (ByteRegion, Range<Int>) -> Range<Int>) -> [UInt8] {
        let payload = Self.payload(number)
        var buffer = [UInt8](repeating: 0, count: 200) + payload + [UInt8](repeating: 0, count: tagCount)
        let range = buffer.withByteRegion { seal($0, 200..<200 + payload.count) }
        return Array(buffer[range])
    }
}
