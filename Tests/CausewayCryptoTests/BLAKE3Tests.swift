import TestSupport
import Testing

@Suite struct BLAKE3Tests {
    struct Official: Decodable {
        struct Case: Decodable {
            let input_len: Int
            let hash, keyed_hash, derive_key: String
        }
        struct Context: Decodable {
            let context, derive_key_64: String
            let input_len: Int
        }
        let key, context_string: String
        let cases: [Case]
        let ss2022_contexts: [Context]
    }

    private let official: Official

    init() throws {
        self.official = try Vectors.load("blake3_vectors", as: Official.self)
    }

    private static func input(_ count: Int) -> [UInt8] { (0..<count).map { UInt8($0 % 251) } }

    @Test func `gives the official hashes`() {
        #expect(self.official.cases.count == 18)
        for official in self.official.cases {
            let expected = [UInt8](hex: official.hash)
            let output = BLAKE3Tree.hash(Self.input(official.input_len), count: expected.count)
            #expect(output == expected, "\(official.input_len) bytes")
        }
    }

    @Test func `gives the official keyed hashes`() {
        let key = Array(self.official.key.utf8)
        for official in self.official.cases {
            let expected = [UInt8](hex: official.keyed_hash)
            let output = BLAKE3Tree.keyedHash(Self.input(official.input_len), key: key, count: expected.count)
            #expect(output == expected, "\(official.input_len) bytes")
        }
    }

    @Test func `gives the official derived keys`() {
        let context = self.official.context_string
        for official in self.official.cases {
            let expected = [UInt8](hex: official.derive_key)
            let output = BLAKE3Tree.deriveKey(Self.input(official.input_len), context: context, count: expected.count)
            #expect(output == expected, "\(official.input_len) bytes")
        }
    }

    @Test func `derives keys under the contexts of Shadowsocks`() {
        #expect(self.official.ss2022_contexts.count == 8)
        for derivation in self.official.ss2022_contexts {
            let input = Self.input(derivation.input_len)
            let output = BLAKE3Tree.deriveKey(input, context: derivation.context, count: 64)
            #expect(output == [UInt8](hex: derivation.derive_key_64), "\(derivation.context) \(derivation.input_len)")
        }
    }
}
