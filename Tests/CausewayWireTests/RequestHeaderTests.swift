import CausewayBytes
import CausewayCrypto
import TestSupport
import Testing

@testable import CausewayWire

@Suite struct RequestHeaderTests {
    @Test func `pads within the limits for every payload and random value`() {
        for payload in 0...1000 {
            let least = payload == 0 ? 1 : 0
            let most = payload >= 900 ? 0 : 900 - payload
            for random in [0, 1, 2, 899, 900, 901, 32767, 32768, 65534, UInt16.max] {
                let padding = RequestHeader.padding(payloadCount: payload, random: random)
                #expect(padding >= least && padding <= max(most, least), "\(payload) bytes, random \(random)")
            }
        }
        #expect(RequestHeader.padding(payloadCount: 65535, random: .max) == 0)
    }

    @Test(arguments: [0, 1, 450, 897, 898, 899, 900, 901]) func `draws every padding there is`(payload: Int) {
        let drawn = Set((UInt16.min...UInt16.max).map { RequestHeader.padding(payloadCount: payload, random: $0) })
        let expected = payload == 0 ? 1...900 : 0...max(0, 900 - payload)
        #expect(drawn == Set(expected))
    }

    @Test func `says the room before the payload that suffices for all`() throws {
        let name = try #require(DomainName([UInt8](repeating: 0x61, count: 255)))
        let keys = (0..<9).map { Secret([UInt8](repeating: UInt8($0 + 1), count: 32)) }
        let credentials = RequestCredentials(
            method: .aes256GCM,
            identityKeys: keys.dropLast(),
            userKey: keys[8]
        )
        let target = Address(host: .name(name), port: 1)
        #expect(RequestHeader.count(credentials, target: target, padding: 900) == RequestHeader.headroom)
    }

    @Test func `pads with zeros and keeps what was in the buffer to itself`() throws {
        let crypto = try Crypto()
        let key = Secret([UInt8](repeating: 3, count: 16))
        let (wire, _) = crypto.request(
            RequestCredentials(method: .aes128GCM, identityKeys: [], userKey: key),
            target: Address(host: .ip(.v4(1)), port: 1),
            padding: 64,
            payload: [7],
            salt: [UInt8](repeating: 5, count: 16),
            timestamp: 1
        )
        var variable = Array(wire[(16 + RequestHeader.sealedFixedCount)...])
        var salt = Array(wire[..<16])
        let subkey = salt.withByteRegion { KeyDerivation.subkey(.session, key: key, salt: $0, count: 16) }
        let isOpen = variable.withByteRegion { variable in
            crypto.aead.open(variable, .aes128GCM, key: subkey, nonce: Nonce(counter: 1))
        }
        #expect(isOpen)
        #expect(variable.dropLast(16) == [1, 0, 0, 0, 1, 0, 1, 0, 64] + [UInt8](repeating: 0, count: 64) + [7])
    }

    @Test func `refuses to seal neither padding nor payload, and more than fits`() async {
        await #expect(processExitsWith: .failure) { try seal(padding: 0, payloadCount: 0) }
        await #expect(processExitsWith: .failure) { try seal(padding: 0, payloadCount: 65535 - 8) }
        await #expect(processExitsWith: .success) { try seal(padding: 0, payloadCount: 65535 - 9) }
    }
}

/// Seals a request to an IPv4 target; exit tests capture nothing.
private func seal(padding: Int, payloadCount: Int) throws {
    let key = Secret([UInt8](repeating: 3, count: 16))
    _ = try Crypto().request(
        RequestCredentials(method: .aes128GCM, identityKeys: [], userKey: key),
        target: Address(host: .ip(.v4(1)), port: 1),
        padding: padding,
        payload: [UInt8](repeating: 1, count: payloadCount),
        salt: [UInt8](repeating: 5, count: 16),
        timestamp: 1
    )
}
