import CausewayBytes
import CausewayCrypto
import TestSupport
import Testing

@Suite struct KeyDerivationTests {
    private static func subkey(_ context: KeyDerivation.Context, key: [UInt8], salt: [UInt8], count: Int) -> [UInt8] {
        var salt = salt
        let subkey = salt.withByteRegion { salt in
            KeyDerivation.subkey(context, key: Secret(key), salt: salt, count: count)
        }
        return subkey.bytes(count)
    }

    @Test func `derives the subkeys of the vectors`() throws {
        let vectors = try ShadowsocksVectors.load().kdf
        #expect(vectors.count == 7)
        for vector in vectors {
            let context = try #require(KeyDerivation.Context(text: vector.context))
            let expected = [UInt8](hex: vector.subkey)
            let subkey = Self.subkey(
                context,
                key: [UInt8](hex: vector.psk),
                salt: [UInt8](hex: vector.salt),
                count: expected.count
            )
            #expect(subkey == expected, "\(vector.context) of \(vector.psk)")
        }
    }

    @Test(arguments: [KeyDerivation.Context.session, .identity], [(16, 8), (16, 16), (32, 8), (32, 32), (16, 48)])
    func `is BLAKE3's derive_key of key and salt`(context: KeyDerivation.Context, counts: (key: Int, salt: Int)) {
        var random = SeededGenerator(seed: UInt64(counts.key * 100 + counts.salt))
        let (key, salt) = (random.bytes(counts.key), random.bytes(counts.salt))
        let expected = BLAKE3Tree.deriveKey(key + salt, context: context.text, count: 32)
        #expect(Self.subkey(context, key: key, salt: salt, count: 32) == expected)
        #expect(Self.subkey(context, key: key, salt: salt, count: 16) == Array(expected[..<16]))
    }

    @Test func `names keys by the identities of the vectors`() throws {
        let vectors = try ShadowsocksVectors.load().psk_hash
        #expect(vectors.count == 8)
        for vector in vectors {
            let identity = KeyDerivation.identity(of: Secret([UInt8](hex: vector.psk)))
            #expect(withUnsafeBytes(of: identity, Array.init) == [UInt8](hex: vector.identity), "\(vector.name)")
        }
    }

    @Test func `refuses material beyond one block`() async {
        await #expect(processExitsWith: .failure) {
            var salt = [UInt8](repeating: 0, count: 33)
            _ = salt.withByteRegion { salt in
                KeyDerivation.subkey(.session, key: Secret([UInt8](repeating: 1, count: 32)), salt: salt, count: 32)
            }
        }
    }
}

extension KeyDerivation.Context {
    fileprivate init?(text: String) {
        switch text {
        case Self.session.text: self = .session
        case Self.identity.text: self = .identity
        default: return nil
        }
    }

    fileprivate var text: String {
        switch self {
        case .session: "shadowsocks 2022 session subkey"
        case .identity: "shadowsocks 2022 identity subkey"
        }
    }
}
