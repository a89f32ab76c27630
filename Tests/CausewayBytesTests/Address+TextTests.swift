import CausewayBytes
import Testing

@Suite struct AddressTextTests {
    @Test(arguments: [
        "127.0.0.1:1080", "[::]:443", "[2001:db8::1]:65535", "example.net:443", "localhost:1", "203.0.113.7:0",
    ])
    func `reads what it prints`(text: String) {
        #expect(Address(text)?.description == text)
    }

    @Test(arguments: [
        "", ":", ":80", "host", "host:", "host:65536", "host:123456", "host:-1", "host:080", "host:8o", "::1:80",
        "[::1]",
        "[::1]80", "[::1:80", "::1]:80", "[127.0.0.1]:80", "[host]:80", "a b:80", "[[::1]]:80", "host:\u{661}",
    ])
    func `refuses what is no host and port`(text: String) {
        #expect(Address(text) == nil)
    }

    @Test func `a socket address is no name`() {
        #expect(SocketAddress("localhost:80") == nil)
        #expect(SocketAddress("[::ffff:10.0.0.1]:80")?.description == "10.0.0.1:80")
    }
}
