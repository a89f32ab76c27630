import CausewayCrypto
import TestSupport
import Testing

@Suite struct SecretTests {
    @Test func `equals a secret of the same bytes and no other`() {
        let bytes = (0..<32).map { UInt8($0) }
        #expect(Secret(bytes) == Secret(bytes))
        for index in bytes.indices {
            for bit in 0..<8 {
                var other = bytes
                other[index] ^= 1 << UInt8(bit)
                #expect(Secret(bytes) != Secret(other), "bit \(bit) of byte \(index)")
            }
        }
        #expect(Secret(bytes) != Secret(Array(bytes[..<31])))
        #expect(Secret(bytes) != Secret(bytes + [0]))
        #expect(Secret([]) == Secret([]))
        #expect(Secret([]) != Secret([0]))
    }

    @Test func `lends the bytes that it was given`() {
        let bytes = (0..<16).map { UInt8($0 * 3) }
        let secret = Secret(bytes)
        #expect(secret.count == 16)
        #expect(secret.withBytes { Array($0) } == bytes)
    }

    @Test func `never prints its bytes`() {
        let secret = Secret(Array("correct horse battery".utf8))
        #expect("\(secret)" == "<secret of 21 bytes>")
        #expect(!String(reflecting: secret).contains("horse"))
        var dumped = ""
        dump(secret, to: &dumped)
        #expect(!dumped.contains("horse"))
    }
}
