import CausewayBytes
import Testing

@Suite struct DomainNameTests {
    @Test func `takes 1 to 255 bytes`() {
        #expect(DomainName([]) == nil)
        #expect(DomainName([UInt8](repeating: 0x61, count: 1)) != nil)
        #expect(DomainName([UInt8](repeating: 0x61, count: 255)) != nil)
        #expect(DomainName([UInt8](repeating: 0x61, count: 256)) == nil)
    }

    @Test func `refuses control bytes, spaces and DEL, and only those`() {
        for byte in UInt8.min...UInt8.max {
            let isRefused = byte <= 0x20 || byte == 0x7f
            #expect((DomainName([0x61, byte, 0x62]) == nil) == isRefused, "byte \(byte)")
        }
    }
}

@Suite struct HostTests {
    @Test(arguments: [
        ("203.0.113.7", "203.0.113.7"), ("::1", "::1"), ("[::1]", "::1"), ("[203.0.113.7]", "203.0.113.7"),
        ("2001:DB8::A", "2001:db8::a"), ("[2001:db8::a]", "2001:db8::a"), ("::ffff:10.1.2.3", "10.1.2.3"),
        ("[::ffff:10.1.2.3]", "10.1.2.3"), ("fe80::", "fe80::"),
    ])
    func `takes a literal for the address it is`(text: String, address: String) throws {
        let ip = try #require(IPAddress(address))
        #expect(Host(text.utf8) == .ip(ip))
    }

    @Test(arguments: [
        "example.com", "a", "1.2.3", "1.2.3.4.5", "256.1.1.1", "1.2.3.4.", "01.2.3.4", "[::1", "::1]", "[]", "[[::1]]",
        "cafe", "0x7f.1", "xn--bcher-kva.example", "1:2", "fe80::1%eth0", "1.2.3.4::",
    ])
    func `takes anything else for a name`(text: String) throws {
        let name = try #require(DomainName(text.utf8))
        #expect(Host(text.utf8) == .name(name))
        #expect(Host(text.utf8)?.description == text)
    }

    @Test func `refuses what is no name either`() {
        for text in ["", "a b", "a\0", "[::1]\n"] { #expect(Host(text.utf8) == nil, "\(text)") }
        #expect(Host([UInt8](repeating: 0x31, count: 256)) == nil)
    }

    @Test func `never traps on bytes that are no text`() throws {
        let bytes: [UInt8] = [0xff, 0xfe, 0x3a, 0xc0, 0x31]
        let name = try #require(DomainName(bytes))
        #expect(Host(bytes) == .name(name))
    }
}

@Suite struct AddressTests {
    @Test(arguments: [
        ("203.0.113.7", "203.0.113.7:80"), ("2001:db8::1", "[2001:db8::1]:80"), ("example.com", "example.com:80"),
    ])
    func `is written with its port`(host: String, text: String) throws {
        let host = try #require(Host(host.utf8))
        #expect(Address(host: host, port: 80).description == text)
    }

    @Test func `takes a socket's address`() throws {
        let ip = try #require(IPAddress("10.0.0.1"))
        #expect(Address(SocketAddress(ip: ip, port: 5)) == Address(host: .ip(ip), port: 5))
    }
}
