import CausewayBytes
import Testing

@Suite struct PercentEncodingTests {
    @Test(arguments: [("alice", "alice"), ("a b/c?", "a%20b%2Fc%3F"), ("\u{fc}~-._", "%C3%BC~-._"), ("", "")])
    func `encodes what has a meaning, and reads it back`(text: String, encoded: String) {
        #expect(PercentEncoding.encode(text) == encoded)
        #expect(PercentEncoding.decode(encoded) == text)
    }

    @Test(arguments: ["%", "%4", "%4g", "%+1", "%ff", "a%"])
    func `refuses what is no encoding`(text: String) {
        #expect(PercentEncoding.decode(text) == nil)
    }

    @Test func `takes lower case too`() {
        #expect(PercentEncoding.decode("%c3%bc") == "\u{fc}")
    }
}
