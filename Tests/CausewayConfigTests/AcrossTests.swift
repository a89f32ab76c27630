import Testing

@testable import CausewayConfig

@Suite struct AcrossTests {
    private func found(_ listeners: String, _ exits: String = "{ name: e, type: block }", users: String = "")
        -> [String]
    {
        findings("listeners: [\(listeners)]\nexits: [\(exits)]\nusers: [\(users)]")
    }

    private func mixed(_ name: String, _ address: String, exit: String = "e") -> String {
        "{ name: \(name), type: mixed, address: \"\(address)\", exit: \(exit) }"
    }

    private func tunnel(_ name: String, _ address: String, _ byte: UInt8, exit: String = "e", more: String = "")
        -> String
    {
        "{ name: \(name), type: tunnel, address: \"\(address)\", key: \"\(key(byte))\", exit: \(exit)\(more) }"
    }

    private func hop(_ name: String, _ server: String) -> String {
        "{ name: \(name), type: tunnel, server: \"\(server)\", keys: \"\(key(9))\" }"
    }

    @Test func `two listeners have neither a name nor an address in common`() {
        #expect(
            self.found("\(self.mixed("a", "127.0.0.1:1")), \(self.mixed("a", "127.0.0.1:1"))") == [
                #"f:1: listeners[1].name: there is another listener "a" (line 1)"#,
                "f:1: listeners[1].address: 127.0.0.1:1 is taken by listeners[0].address",
            ]
        )
    }

    @Test func `both families at once leave no room for one of them`() {
        let listeners = "\(self.tunnel("a", "0.0.0.0:1", 1)), \(self.tunnel("b", "[::]:1", 2))"
        #expect(self.found(listeners) == ["f:1: listeners[1].address: [::]:1 is taken by listeners[0].address"])
        #expect(self.found("\(self.tunnel("a", "0.0.0.0:1", 1)), \(self.tunnel("b", "[::]:2", 2))") == [])
        #expect(self.found("\(self.mixed("a", "127.0.0.1:1")), \(self.mixed("b", "[::1]:1"))") == [])
    }

    @Test func `two listeners have no key in common`() {
        let listeners = "\(self.tunnel("a", "[::]:1", 1)), \(self.tunnel("b", "[::]:2", 1))"
        #expect(self.found(listeners) == [#"f:1: listeners[1].key: is the same key as that of listener "a""#])
    }

    @Test func `an exit that is wrong in itself is still there`() {
        let found = self.found(self.mixed("a", "127.0.0.1:1"), "{ name: e, type: drect }")
        #expect(found.count == 1, "\(found)")
    }

    @Test(arguments: ["127.0.0.1:1", "127.9.9.9:1", "localhost:1", "LocalHost:1", "[::1]:1"])
    func `an exit to a listener that leaves by it is a loop`(server: String) {
        let found = self.found(self.tunnel("a", "[::]:1", 1, exit: "h"), self.hop("h", server))
        #expect(found == ["f:2: exits[0].server: is our own listeners[0].address, which leads back here: h → a → h"])
    }

    @Test func `a loop over several listeners is one at each of them`() {
        let listeners =
            "\(self.tunnel("a", "127.0.0.1:1", 1, exit: "g")), \(self.tunnel("b", "127.0.0.1:2", 2, exit: "h"))"
        #expect(self.found(listeners, "\(self.hop("h", "127.0.0.1:1")), \(self.hop("g", "127.0.0.1:2"))").count == 2)
    }

    @Test func `a detour through our own listener is allowed, with a warning`() {
        let listeners = "\(self.mixed("m", "127.0.0.1:2", exit: "h")), \(self.tunnel("a", "127.0.0.1:1", 1))"
        let exits = "\(self.hop("h", "127.0.0.1:1")), { name: e, type: direct }"
        #expect(self.found(listeners, exits) == ["f:2: warning: exits[0].server: is our own listeners[1].address"])
    }

    @Test func `an exit to our own proxy is a mistake, and one to another port or host is none`() {
        let proxy = self.mixed("m", "127.0.0.1:1", exit: "h")
        #expect(self.found(proxy, self.hop("h", "127.0.0.1:1")).first?.contains("which is no tunnel listener") == true)
        #expect(self.found(proxy, self.hop("h", "127.0.0.1:2")) == [])
        #expect(self.found(proxy, self.hop("h", "127.0.0.2:1")) == [])
        #expect(self.found(proxy, self.hop("h", "192.0.2.1:1")) == [])
    }

    @Test func `users are somebody's`() {
        let user = "{ name: u, password: p }"
        #expect(
            self.found(self.mixed("m", "127.0.0.1:1"), users: user) == [
                "f: warning: users: no listener asks for users"
            ]
        )
        #expect(
            self.found(self.tunnel("a", "[::]:1", 1, more: ", users: true")) == [
                "f:1: listeners[0].users: there are no users, and no ledger that could have some"
            ]
        )
        let proxy = #"{ name: m, type: mixed, address: "127.0.0.1:1", users: true, exit: e }"#
        #expect(
            self.found(proxy, users: "{ name: u, key: \"\(key(2))\" }") == [
                "f:1: listeners[0].users: no user has a password"
            ]
        )
    }

    @Test func `a user's key cannot be of two lengths`() {
        let other = """
            { name: b, type: tunnel, address: "[::]:2", method: 2022-blake3-aes-256-gcm, key: "\(key(2, 32))", \
            users: true, exit: e }
            """
        let listeners = "\(self.tunnel("a", "[::]:1", 1, more: ", users: true")), \(other)"
        #expect(
            self.found(listeners, users: "{ name: u, key: \"\(key(3))\" }") == [
                "f:1: listeners[1].users: wants keys of 32 bytes, and another listener with users keys of 16"
            ]
        )
    }
}
