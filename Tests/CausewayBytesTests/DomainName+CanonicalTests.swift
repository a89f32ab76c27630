import CausewayBytes
import Testing

@Suite struct DomainNameCanonicalTests {
    @Test(arguments: [
        ("example.com", "example.com"), ("Example.COM", "example.com"), ("example.com.", "example.com"),
        ("EXAMPLE.com.", "example.com"), ("[@`{", "[@`{"),
    ])
    func `is lower case without the final dot`(text: String, canonical: String) throws {
        #expect(try #require(DomainName(text.utf8)).canonical?.description == canonical)
    }

    @Test func `the root has no canonical name`() throws {
        #expect(try #require(DomainName(".".utf8)).canonical == nil)
    }

    @Test(arguments: [
        "a", "example.com", "example.com.", "_dmarc.example.com", "xn--bcher-kva.example", "1.2.3.4.example",
        "3com.com",
        "0x7f.example", "0xg", "a.0b", "-", String(repeating: "a", count: 63) + ".b",
        String(repeating: "abc.", count: 63) + "d",
    ])
    func `names of hosts are taken`(text: String) throws {
        #expect(try #require(DomainName(text.utf8)).isHostname)
    }

    @Test(arguments: [
        ".", "..", ".a", "a..b", "a..", "127.1", "2130706433", "0x7f000001", "0X7F.1", "1.2.3.0x", "1.2.3.04", "a\\.b",
        "a/b", "a@b", "a:b", "bücher.example", "a*b", String(repeating: "a", count: 64) + ".b",
        String(repeating: "abc.", count: 63) + "de",
    ])
    func `what cannot be asked for or reads as a number is refused`(text: String) throws {
        #expect(try #require(DomainName(text.utf8)).isHostname == false)
    }
}
