import CausewayBytes
import CausewayCrypto
import CausewayWire
import Foundation
import TestSupport

/// A Shadowsocks client's datagrams, made and opened by the wire's own types, so that a test can send them in any order,
/// from anywhere, and changed.
struct RawPackets {
    let session: UInt64
    private let credentials: RequestCredentials
    private let sealer: PacketSealer
    private let opener: PacketOpener

    /// - Parameters:
    ///   - identityKeys: those of hops before the user's key.
    ///   - userKey: the key of `RawClient` where left out.
    init(session: UInt64, identityKeys: [Secret] = [], userKey: Secret = Secret(Array(0x50...0x5f))) throws {
        guard let aead = OpenSSLBackend(), let aes = makeAESBlock() else { throw TestFailure("no cipher") }
        self.session = session
        self.credentials = RequestCredentials(method: .aes128GCM, identityKeys: identityKeys, userKey: userKey)
        self.sealer = PacketSealer(aead: aead, aes: aes)
        self.opener = PacketOpener(aead: aead, aes: aes)
    }

    static var clock: UInt64 { UInt64(Date().timeIntervalSince1970) }

    /// A request to a port of 127.0.0.1.
    func request(_ number: UInt64, _ payload: [UInt8], to port: UInt16, timestamp: UInt64 = RawPackets.clock) -> [UInt8]
    {
        var buffer = [UInt8](repeating: 0, count: 512) + payload + [UInt8](repeating: 0, count: 16)
        let range = buffer.withByteRegion { region in
            self.sealer.request(
                region,
                payload: 512..<512 + payload.count,
                id: PacketID(session: self.session, number: number),
                to: Address(host: .ip(.v4(0x7f00_0001)), port: port),
                clock: timestamp,
                with: self.credentials
            )
        }
        return Array(buffer[range])
    }

    /// The payload of an answer and the server's session; throws where it is none to this session.
    func open(_ answer: [UInt8]) throws -> (payload: [UInt8], id: PacketID) {
        var answer = answer
        return try answer.withByteRegion { region in
            let pending = try self.opener.begin(response: region, .aes128GCM, key: self.credentials.userKey)
            let opened = try self.opener.open(
                response: region,
                pending,
                to: self.session,
                clock: Self.clock
            )
            return (region.region(opened.payload).array(), pending.id)
        }
    }
}
