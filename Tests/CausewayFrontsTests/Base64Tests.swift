import Testing

@testable import CausewayFronts

@Suite struct Base64Tests {
    @Test(arguments: [
        // RFC 4648 section 10
        ("", ""), ("Zg==", "f"), ("Zm8=", "fo"), ("Zm9v", "foo"), ("Zm9vYg==", "foob"), ("Zm9vYmE=", "fooba"),
        ("Zm9vYmFy", "foobar"),
    ])
    func `decodes the published vectors`(text: String, bytes: String) {
        #expect(Base64.decode(Array(text.utf8)[...]) == Array(bytes.utf8))
    }

    @Test func `knows every digit`() {
        let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
        let bytes = Base64.decode(Array(alphabet.utf8)[...])
        #expect(bytes?.count == 48)
        #expect(bytes?.prefix(3) == [0x00, 0x10, 0x83])
        #expect(bytes?.suffix(3) == [0xf3, 0xdf, 0xbf])
    }

    @Test(arguments: [
        "A", "AA", "AAA", "A===", "====", "=", "==", "AA=A", "AAAA=", "AAAAA===", "AA==AAAA", "AA =", "AB==", "AAB=",
        "AA-_", "AAA\n", "AAA\u{e9}",
    ])
    func `refuses everything else`(text: String) {
        #expect(Base64.decode(Array(text.utf8)[...]) == nil)
    }
}
