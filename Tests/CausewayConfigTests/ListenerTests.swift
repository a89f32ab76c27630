import CausewayBytes
import CausewayWire
import Testing

@testable import CausewayConfig

@Suite struct ListenerTests {
    private func listener(_ fields: String, more: String = "") throws -> Configuration.Listener? {
        let text = "listeners: [{ name: l, exit: e, \(fields) }]\n\(minimalExit)\n\(more)"
        return try Configuration.parse(text, files: files([:])).listeners.first
    }

    private func found(_ fields: String, more: String = "") -> [String] {
        findings("listeners: [{ name: l, exit: e, \(fields) }]\n\(minimalExit)\n\(more)")
    }

    @Test func `reads a mixed listener`() throws {
        let listener = try self.listener(
            #"type: mixed, address: ["127.0.0.1:1080", "[::1]:1080"], timeouts: { handshake: 250 ms, idle: 2 h }"#
        )
        #expect(listener?.addresses.map(\.description) == ["127.0.0.1:1080", "[::1]:1080"])
        #expect(listener?.handshakeTimeout == .milliseconds(250))
        #expect(listener?.idleTimeout == .seconds(7200))
        guard case .mixed(users: false)? = listener?.kind else {
            Issue.record("another kind")
            return
        }
    }

    @Test func `takes datagrams unless told not to, and knows when they are over`() throws {
        let usual = try self.listener(#"type: mixed, address: "127.0.0.1:1080""#)
        #expect(usual?.udp == true && usual?.datagramIdleTimeout == .seconds(300))
        let other = try self.listener(#"type: mixed, address: "127.0.0.1:1080", udp: false, timeouts: { udp: 90 s }"#)
        #expect(other?.udp == false && other?.datagramIdleTimeout == .seconds(90))
        #expect(self.found(#"type: mixed, address: "127.0.0.1:1080", udp: 5"#).first?.contains("udp: ") == true)
    }

    @Test func `reads a tunnel listener`() throws {
        let listener = try self.listener(
            #"type: tunnel, address: "[::]:443", method: 2022-blake3-aes-256-gcm, key: "\#(key(1, 32))", "#
                + "users: true, reject: reset",
            more: "users: [{ name: u, key: \"\(key(2, 32))\" }]"
        )
        guard case .tunnel(.aes256GCM, secret(1, 32), users: true, reject: .reset)? = listener?.kind else {
            Issue.record("another kind")
            return
        }
    }

    @Test func `a tunnel listener has a method, one user and drains where nothing else is said`() throws {
        let listener = try self.listener(#"type: tunnel, address: "[::]:443", key: "\#(key(1))""#)
        guard case .tunnel(.aes128GCM, secret(1), users: false, reject: .drain)? = listener?.kind else {
            Issue.record("another kind")
            return
        }
    }

    @Test(arguments: [
        (#"type: mixed, address: "localhost:1080""#, "address: is not an IP address and a port"),
        (#"type: mixed, address: "127.0.0.1:0""#, "address: is not an IP address and a port"),
        (#"type: mixed, address: "127.0.0.1""#, "address: is not an IP address and a port"),
        ("type: mixed, address: []", "address: needs one at least"),
        (#"type: mixed, address: ["127.0.0.1:1", ":2"]"#, "address[1]: is not an IP address and a port"),
        (#"type: mixed, address: "127.0.0.1:1", timeouts: { idle: 0 s }"#, "timeouts.idle: is not a length of time"),
        (#"type: mixed, address: "127.0.0.1:1", timeouts: { idle: 31 d }"#, "timeouts.idle: is not a length of time"),
        (#"type: mixed, address: "127.0.0.1:1", timeouts: { idle: 60 }"#, "timeouts.idle: is not a length of time"),
        (
            #"type: mixed, address: "127.0.0.1:1", timeouts: { idel: 1 s }"#,
            #"idel: unknown key (did you mean "idle"?)"#
        ),
        (#"type: mixed, address: "127.0.0.1:1", reject: drain"#, "reject: unknown key"),
        (#"type: mixed, address: "127.0.0.1:1", proxy_protocol: all"#, "proxy_protocol: is no block of addresses"),
        (#"type: mixed, address: "127.0.0.1:1", mptcp: 1"#, "mptcp: is not true or false"),
        (#"type: mixed, address: "127.0.0.1:1", source: 10.0.0.1"#, "source: unknown key"),
        (#"type: mixde, address: "127.0.0.1:1""#, #"(did you mean "mixed"?)"#),
        (
            #"type: mixed, address: "127.0.0.1:1", users: true"#,
            "users: there are no users, and no ledger that could have some"
        ),
        (#"type: tunnel, address: "127.0.0.1:1""#, #"needs "key""#),
        (#"type: tunnel, address: "127.0.0.1:1", key: "AAAA""#, "the key has 3 bytes, where the method wants 16"),
        (
            #"type: tunnel, address: "127.0.0.1:1", key: "AAAAAAAAAAAAAAAAAAAAAA==""#, "the key is all zeros"
        ),
        (#"type: tunnel, address: "127.0.0.1:1", key: [a]"#, "key: must be a text, or { file: PATH }"),
        (
            #"type: tunnel, address: "127.0.0.1:1", method: aes-128-gcm, key: "AAAA""#,
            #"(did you mean "2022-blake3-aes-128-gcm"?)"#
        ),
    ])
    func `refuses a mistake in a listener`(fields: String, finding: String) {
        let found = self.found(fields)
        #expect(found.count == 1, "\(found)")
        #expect(found.first?.hasPrefix("f:1: listeners[0]") == true)
        #expect(found.first?.contains(finding) == true, "\(found)")
    }

    @Test func `a method without identity headers has no users`() {
        let fields = "method: 2022-blake3-chacha20-poly1305, key: \"\(key(1, 32))\", users: true"
        let found = self.found("type: tunnel, address: \"127.0.0.1:1\", \(fields)")
        #expect(found.count == 1)
        #expect(found.first?.contains("users: 2022-blake3-chacha20-poly1305 has no identity headers") == true)
    }

    @Test func `warns of a proxy that is open to everybody`() {
        let warning =
            "f:1: warning: listeners[0].address: whoever reaches [::]:1080 can use this proxy: it asks for no user"
        #expect(self.found(#"type: mixed, address: "[::]:1080""#) == [warning])
        let users = "users: [{ name: u, password: p }]"
        #expect(self.found(#"type: mixed, users: true, address: "[::]:1080""#, more: users) == [])
    }
}
