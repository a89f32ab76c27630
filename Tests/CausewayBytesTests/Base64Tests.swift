import CausewayBytes
import Testing

@Suite struct Base64Tests {
    @Test(arguments: [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
        ("foobar", "Zm9vYmFy"),
    ])
    func `encodes and decodes the vectors of RFC 4648 section 10`(plain: String, encoded: String) {
        #expect(Base64.encode(Array(plain.utf8)) == encoded)
        #expect(Base64.decode(encoded) == Array(plain.utf8))
        #expect(Base64.decodeURL(encoded) == Array(plain.utf8))
        #expect(Base64.decodeURL(encoded.filter { $0 != "=" }) == Array(plain.utf8))
    }

    @Test func `every byte survives in every position`() {
        for count in 1...4 {
            for position in 0..<count {
                for byte in UInt8.min...UInt8.max {
                    var bytes = [UInt8](repeating: 0x5a, count: count)
                    bytes[position] = byte
                    #expect(Base64.decode(Base64.encode(bytes)) == bytes)
                }
            }
        }
    }

    @Test(arguments: [
        "Z", "Zg", "Zg=", "Zg===", "Zg====", "=", "==", "====", "Zh==", "Zm9=", "Zm8", "Zm8==", "Z=g=", "Zg==Zg==",
        " Zg==",
        "Zg==\n", "Zm 9v", "Zm-_", "Zm9v=", "Zm9v====", "Zm9\u{e9}", "Zm9\0",
    ])
    func `refuses what is not canonical`(text: String) {
        #expect(Base64.decode(text) == nil)
    }

    @Test func `the two alphabets are kept apart`() {
        #expect(Base64.decode("+/+/") == [0xfb, 0xff, 0xbf])
        #expect(Base64.decodeURL("-_-_") == [0xfb, 0xff, 0xbf])
        #expect(Base64.decode("-_-_") == nil)
        #expect(Base64.decodeURL("+/+/") == nil)
        #expect(Base64.decodeURL("Zg=") == nil)
        #expect(Base64.decodeURL("Zh") == nil)
        #expect(Base64.decodeURL("Z===") == nil)
    }
}
