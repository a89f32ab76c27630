import Testing

@testable import CausewayFronts

@Suite struct HTTPAuthorityTests {
    private func read(_ text: String) -> String? {
        HTTPAuthority(Array(text.utf8)[...]).map { "\($0.host) \($0.port.map { "\($0)" } ?? "-")" }
    }

    @Test(arguments: [
        ("example.net", "example.net -"), ("example.net:", "example.net -"), ("example.net:443", "example.net 443"),
        ("a_b-c.d~e:1", "a_b-c.d~e 1"), ("192.0.2.1:65535", "192.0.2.1 65535"), ("[::1]", "::1 -"),
        ("[2001:DB8::1]:80", "2001:db8::1 80"), ("[::ffff:1.2.3.4]:80", "1.2.3.4 80"), ("x:00080", "x 80"),
        ("bücher.example:80", "bücher.example 80"), ("example.net.:80", "example.net. 80"),
    ])
    func `reads names and addresses with and without a port`(text: String, parts: String) {
        #expect(self.read(text) == parts)
    }

    @Test(arguments: [
        "", ":80", "user@example.net", "user:pass@example.net:80", "a:b", "a:80:80", "::1", "::1:80", "a:0", "a:65536",
        "a:99999", "a:000080", "a:+80", "a: 80", "a:8 0", "[::1", "[]", "[]:80", "[1.2.3.4]:80", "[example.net]:80",
        "[::1]80", "[::1]x", "[::1]:x", "[fe80::1%25eth0]:80", "[::1]]:80", "a/b", "a\\b", "a%41", "a,b", "a b", "a;b",
        "a*", "a\u{7f}",
    ])
    func `refuses everything else`(text: String) {
        #expect(self.read(text) == nil)
    }

    @Test(arguments: [(255, true), (256, false)])
    func `reads names up to the length that can be sent on`(count: Int, isRead: Bool) {
        #expect((self.read(String(repeating: "a", count: count)) != nil) == isRead)
    }
}
