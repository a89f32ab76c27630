import CausewayBytes
import CausewayWire
import Testing

@testable import CausewayConfig

/// Listeners of the types `relay` and `forward`.
@Suite struct RelayTests {
    private static let exits = """
        { name: a, type: tunnel, server: "a.example:1" }, \
        { name: b, type: tunnel, server: "b.example:1", keys: "\(key(8))" }, \
        { name: g, type: group, members: [a, b] }, { name: d, type: direct }
        """

    private static func text(_ fields: String, users: String = "") -> String {
        "listeners: [{ name: r, address: \"[::]:443\", \(fields) }]\nexits: [\(self.exits)]\nusers: [\(users)]"
    }

    private func found(_ fields: String, users: String = "") -> [String] {
        findings(Self.text(fields, users: users))
    }

    private func relay(_ next: String, more: String = "") -> String {
        "type: relay, key: \"\(key(1))\", next: [\(next)]\(more)"
    }

    private func next(_ byte: UInt8, _ exit: String) -> String { "{ key: \"\(key(byte))\", exit: \(exit) }" }

    @Test func `reads a relay`() throws {
        let fields = self.relay("\(self.next(2, "a")), \(self.next(3, "g"))", more: ", users: true, reject: reset")
        let text = Self.text(fields, users: "{ name: u, key: \"\(key(4))\" }")
        let configuration = try Configuration.parse(text, files: files([:]))
        let listener = try #require(configuration.listeners.first)
        guard case .relay(let relay) = listener.kind else {
            Issue.record("another kind")
            return
        }
        #expect(listener.exit == nil)
        #expect(relay.method == .aes128GCM && relay.key == secret(1) && relay.users && relay.reject == .reset)
        #expect(relay.next.map(\.exit) == ["a", "g"])
        #expect(relay.next.map(\.key) == [secret(2), secret(3)])
        #expect(
            configuration.summary.contains(
                "r: relay 2022-blake3-aes-128-gcm, for users with a key, reject: reset; next a, g; on [::]:443"
            )
        )
    }

    @Test func `reads a forward`() throws {
        let text = Self.text(#"type: forward, target: "db.example:5432", exit: d"#)
        let configuration = try Configuration.parse(text, files: files([:]))
        guard case .forward(let target)? = configuration.listeners.first?.kind else {
            Issue.record("another kind")
            return
        }
        #expect(target.description == "db.example:5432")
        #expect(configuration.summary.contains("r: forward to db.example:5432; on [::]:443; exit d"))
    }

    @Test(arguments: [
        ("type: relay, next: []", ["needs \"key\"", "next: needs one at least"]),
        ("type: relay, exit: d, key: \"\(key(1))\", next: [{ key: \"\(key(2))\", exit: a }]", ["exit: unknown key"]),
        ("type: relay, method: 2022-blake3-chacha20-poly1305, key: a, next: []", ["has no identity headers, which"]),
        ("type: relay, key: \"\(key(1))\", next: [{ key: AAAA, exit: a }]", ["next[0].key: the key has 3 bytes"]),
        ("type: relay, key: \"\(key(1))\", next: [{ key: \"\(key(2))\" }]", ["next[0]: needs \"exit\""]),
        ("type: relay, key: \"\(key(1))\", next: [{ key: \"\(key(2))\", exit: x }]", ["there is no exit \"x\""]),
        ("type: relay, key: \"\(key(1))\", next: [{ key: \"\(key(2))\", exit: d }]", ["\"d\" is no tunnel"]),
        ("type: forward, exit: d", ["needs \"target\""]),
        ("type: forward, exit: d, target: x", ["target: is not a host and a port"]),
        ("type: forward, exit: a, target: \"x:1\"", ["exit: \"a\" has no keys, which only relays do without"]),
        ("type: forward, exit: g, target: \"x:1\"", ["exit: \"a\", a member of \"g\", has no keys"]),
    ])
    func `refuses a mistake`(fields: String, expected: [String]) {
        let found = self.found(fields)
        #expect(found.count == expected.count, "\(found)")
        for (finding, wanted) in zip(found, expected) { #expect(finding.contains(wanted), "\(found)") }
    }

    @Test func `no two keys that a relay looks up are the same`() {
        let same = self.found(self.relay("\(self.next(1, "a")), \(self.next(2, "a")), \(self.next(2, "b"))"))
        #expect(same.count == 2)
        #expect(same.first?.contains("next[0].key: is the same key as that of this listener") == true)
        #expect(same.last?.contains("next[2].key: is the same key as that of the next hop \"a\"") == true)
        let user = "{ name: u, key: \"\(key(2))\" }"
        let found = self.found(self.relay(self.next(2, "a"), more: ", users: true"), users: user)
        #expect(found == [#"f:1: listeners[0].next[0].key: is the same key as that of user "u""#])
    }

    @Test func `a relay with users needs some`() {
        let found = self.found(self.relay(self.next(2, "a"), more: ", users: true"))
        #expect(found == ["f:1: listeners[0].users: there are no users, and no ledger that could have some"])
    }

    // MARK: - Loops

    private func looped(_ listeners: String, _ exits: String) -> [String] {
        findings("listeners: [\(listeners)]\nexits: [\(exits)]")
    }

    @Test func `a relay that leads to itself is a loop`() {
        let relay = "{ name: r, address: \"[::]:443\", \(self.relay(self.next(2, "a"))) }"
        #expect(
            self.looped(relay, #"{ name: a, type: tunnel, server: "127.0.0.1:443" }"#) == [
                "f:2: exits[0].server: is our own listeners[0].address, which leads back here: a → r → a"
            ]
        )
    }

    @Test func `a loop through a group and another listener is found`() {
        let relay = "{ name: r, address: \"[::]:443\", \(self.relay(self.next(2, "g"))) }"
        let tunnel = #"{ name: t, type: tunnel, address: "[::]:444", key: "\#(key(5))", exit: b }"#
        let exits = """
            { name: x, type: tunnel, server: "192.0.2.1:1" }, { name: a, type: tunnel, server: "127.0.0.1:444" },
            { name: g, type: group, members: [x, a] },
            { name: b, type: tunnel, server: "[::1]:443", keys: "\(key(9))" }
            """
        #expect(
            self.looped("\(relay), \(tunnel)", exits) == [
                "f:2: exits[1].server: is our own listeners[1].address, which leads back here: a → t → b → r → g → a",
                "f:4: exits[3].server: is our own listeners[0].address, which leads back here: b → r → g → a → t → b",
            ]
        )
    }

    @Test func `a forward to itself is a loop, and through a tunnel it is somebody else's address`() {
        let direct = #"{ name: f, type: forward, address: "127.0.0.1:5", target: "127.0.0.1:5", exit: e }"#
        #expect(
            self.looped(direct, "{ name: e, type: direct }") == [
                "f:1: listeners[0].target: is our own listeners[0].address, which leads back here: f → f"
            ]
        )
        let tunnel = "{ name: e, type: tunnel, server: \"192.0.2.1:1\", keys: \"\(key(1))\" }"
        #expect(self.looped(direct, tunnel) == [])
    }

    @Test func `a whole chain on one machine is no loop`() {
        let relay = "{ name: r, address: \"127.0.0.1:443\", \(self.relay(self.next(2, "a"))) }"
        let tunnel = #"{ name: t, type: tunnel, address: "127.0.0.1:444", key: "\#(key(2))", exit: d }"#
        let exits = #"{ name: a, type: tunnel, server: "127.0.0.1:444" }, { name: d, type: direct }"#
        #expect(
            self.looped("\(relay), \(tunnel)", exits) == [
                "f:2: warning: exits[0].server: is our own listeners[1].address"
            ]
        )
    }
}
