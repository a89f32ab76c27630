import CausewayBytes
import CausewayCrypto
import CausewayWire
import Testing

@Suite struct KeyChainTests {
    /// A key of `count` bytes, all `byte`, as text.
    private func key(_ byte: UInt8, _ count: Int = 16) -> String {
        Base64.encode([UInt8](repeating: byte, count: count))
    }

    @Test(arguments: Method.allCases)
    func `a single key is the user's, for every method`(method: Method) throws {
        let chain = try KeyChain(self.key(7, method.keyCount), method: method)
        #expect(chain.method == method)
        #expect(chain.identityKeys.isEmpty)
        #expect(chain.userKey == Secret([UInt8](repeating: 7, count: method.keyCount)))
    }

    @Test func `identity keys come in the order of the hops and the user's key is last`() throws {
        let text = (1...8).map { self.key($0) }.joined(separator: ":")
        let chain = try KeyChain(text, method: .aes128GCM)
        #expect(chain.identityKeys == (1...7).map { Secret([UInt8](repeating: $0, count: 16)) })
        #expect(chain.userKey == Secret([UInt8](repeating: 8, count: 16)))
    }

    @Test func `refuses a ninth key, and any number beyond it at once`() {
        let text = (1...9).map { self.key($0) }.joined(separator: ":")
        #expect(throws: KeyChainError.tooLong) { try KeyChain(text, method: .aes128GCM) }
        #expect(throws: KeyChainError.tooLong) {
            try KeyChain(String(repeating: ":", count: 100_000), method: .aes128GCM)
        }
    }

    @Test func `refuses a key of the wrong length, and says which`() {
        let text = "\(self.key(1)):\(self.key(2, 32))"
        #expect(throws: KeyChainError.key(index: 1, .wrongLength(count: 32, expected: 16))) {
            try KeyChain(text, method: .aes128GCM)
        }
        #expect(throws: KeyChainError.key(index: 0, .wrongLength(count: 16, expected: 32))) {
            try KeyChain(text, method: .aes256GCM)
        }
    }

    @Test(arguments: ["", "=", "AAECAwQFBgcICQoLDA0ODw", "AAECAwQFBgcICQoLDA0ODx==", " AAECAwQFBgcICQoLDA0ODw=="])
    func `refuses what is not canonical base64`(text: String) {
        // The empty text is the base64 of no bytes.
        let reason = text.isEmpty ? KeyError.wrongLength(count: 0, expected: 16) : .notBase64
        #expect(throws: KeyChainError.key(index: 0, reason)) { try KeyChain(text, method: .aes128GCM) }
    }

    @Test func `refuses an empty part, a zero key and a repeated key`() {
        #expect(throws: KeyChainError.key(index: 1, .wrongLength(count: 0, expected: 16))) {
            try KeyChain("\(self.key(1)):", method: .aes128GCM)
        }
        #expect(throws: KeyChainError.key(index: 1, .allZero)) {
            try KeyChain("\(self.key(1)):\(self.key(0))", method: .aes128GCM)
        }
        #expect(throws: KeyChainError.repeated(index: 2, first: 0)) {
            try KeyChain("\(self.key(1)):\(self.key(2)):\(self.key(1))", method: .aes128GCM)
        }
    }

    @Test func `a chain needs a method with identity headers`() {
        #expect(throws: KeyChainError.noIdentityHeaders(.chaCha20Poly1305)) {
            try KeyChain("\(self.key(1, 32)):\(self.key(2, 32))", method: .chaCha20Poly1305)
        }
    }

    @Test func `no description holds a key`() throws {
        let chain = try KeyChain("\(self.key(1)):\(self.key(2))", method: .aes128GCM)
        #expect(!"\(chain)".contains(self.key(1)) && !"\(chain)".contains("1, 1"))
    }
}
