import CausewayCrypto
import Testing

@Suite struct TokenDigestTests {
    /// FIPS 180-2 appendix B.2.
    private static let message = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"
    private static let digest = "sha256:248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"

    @Test func `a token has the digest of the standard, written as it is read`() {
        #expect(TokenDigest(of: Self.message)?.description == Self.digest)
        #expect(TokenDigest(of: Self.message) == TokenDigest(Self.digest))
        #expect(TokenDigest(of: Self.message + "x") != TokenDigest(Self.digest))
        #expect(TokenDigest(Self.digest.replacing("c026930c", with: "C026930C"))?.description == Self.digest)
    }

    @Test func `what could be guessed is no token`() {
        #expect(TokenDigest(of: "") == nil)
        #expect(TokenDigest(of: String(repeating: "a", count: 31)) == nil)
        #expect(TokenDigest(of: String(repeating: "a", count: 32)) != nil)
    }

    @Test(arguments: [
        "", "sha256:", "sha256:00", Self.digest + "0", String(Self.digest.dropLast()), String(Self.digest.dropFirst(7)),
        String(Self.digest.dropLast()) + "g", String(Self.digest.dropLast()) + "é", "md5" + Self.digest.dropFirst(6),
    ])
    func `what is no digest is not taken for one`(text: String) {
        #expect(TokenDigest(text) == nil)
    }
}
