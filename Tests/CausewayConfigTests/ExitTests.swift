import CausewayBytes
import CausewayWire
import Testing

@testable import CausewayConfig

@Suite struct ExitTests {
    private func exit(_ fields: String) throws -> Configuration.Exit.Kind? {
        try Configuration.parse("\(minimalListener)\nexits: [{ name: e, \(fields) }]", files: files([:])).exits.first?
            .kind
    }

    private func found(_ fields: String) -> [String] {
        findings("\(minimalListener)\nexits: [{ name: e, \(fields) }]")
    }

    @Test func `a direct exit lets out all but mail where nothing is said`() throws {
        guard case .direct(let direct)? = try self.exit("type: direct") else {
            Issue.record("another kind")
            return
        }
        #expect(
            direct
                == Configuration.Exit.Direct(
                    allow: [],
                    deny: [],
                    allowPorts: [],
                    denyPorts: [25],
                    allowDomains: [],
                    denyDomains: [],
                    family: .any,
                    connectTimeout: .seconds(10),
                    socket: Configuration.DialSocket(
                        source: [],
                        interface: nil,
                        mark: nil,
                        keepalive: nil,
                        mptcp: false,
                        fastOpen: false,
                        congestion: nil
                    )
                )
        )
    }

    @Test func `reads every list of a direct exit`() throws {
        let fields = """
            type: direct, allow: [10.0.0.0/8, "fc00::/7"], deny: 203.0.113.7, allow_ports: [80, 443], deny_ports: [],
            allow_domains: [Example.COM., a_b.xn--p1ai], deny_domains: evil.example, family: ipv6,
            timeouts: { connect: 1 s }
            """
        guard case .direct(let direct)? = try self.exit(fields) else {
            Issue.record("another kind")
            return
        }
        #expect(direct.allow.map(\.description) == ["10.0.0.0/8", "fc00::/7"])
        #expect(direct.deny.map(\.description) == ["203.0.113.7/32"])
        #expect(direct.allowPorts == [80, 443] && direct.denyPorts == [])
        #expect(direct.allowDomains == ["example.com", "a_b.xn--p1ai"] && direct.denyDomains == ["evil.example"])
        #expect(direct.family == .ipv6 && direct.connectTimeout == .seconds(1))
    }

    @Test func `reads a tunnel exit`() throws {
        let keys = "\(key(1)):\(key(2))"
        guard case .tunnel(let tunnel)? = try self.exit("type: tunnel, server: \"exit.example:1\", keys: \"\(keys)\"")
        else {
            Issue.record("another kind")
            return
        }
        #expect(tunnel.server.description == "exit.example:1")
        #expect(tunnel.keys == (try KeyChain(keys, method: .aes128GCM)))
        #expect(tunnel.connectTimeout == .seconds(10))
    }

    @Test func `reads a block exit`() throws {
        guard case .block? = try self.exit("type: block") else {
            Issue.record("another kind")
            return
        }
    }

    @Test(arguments: [
        ("type: direct, allow: [10.0.0.1/8]", #"allow[0]: has bits beyond its prefix (did you mean "10.0.0.0/8"?)"#),
        ("type: direct, deny: [example.com]", "deny[0]: is no block of addresses"),
        ("type: direct, deny_ports: [0]", "deny_ports[0]: is not a whole number from 1 to 65535"),
        ("type: direct, deny_ports: [65536]", "deny_ports[0]: is not a whole number from 1 to 65535"),
        ("type: direct, deny_domains: \"*.example.com\"", #"(did you mean "example.com"?)"#),
        ("type: direct, deny_domains: [.example.com]", #"(did you mean "example.com"?)"#),
        ("type: direct, deny_domains: [10.0.0.1]", "deny_domains[0]: is no domain"),
        ("type: direct, deny_domains: [a..b]", "deny_domains[0]: is no domain"),
        ("type: direct, deny_domains: [b\u{fc}cher.example]", "deny_domains[0]: is no domain"),
        ("type: direct, deny_domains: [\".\"]", "deny_domains[0]: is no domain"),
        ("type: direct, family: ipv5", "family: is not one of any, ipv4, ipv6"),
        ("type: direct, server: \"a:1\"", "server: unknown key; known here:"),
        ("type: direct, warm: 1", "warm: unknown key"),
        ("type: direct, fwmark: 0", "fwmark: is not a mark from 1 to 0xffffffff"),
        ("type: direct, fwmark: +1", "fwmark: is not a mark from 1 to 0xffffffff"),
        ("type: direct, fwmark: 0x100000000", "fwmark: is not a mark from 1 to 0xffffffff"),
        ("type: direct, interface: a-name-too-long-", "interface: is not the name of an interface"),
        ("type: direct, interface: a/b", "interface: is not the name of an interface"),
        ("type: direct, source: [10.0.0.1, 10.0.0.2]", "source: has two addresses of one family"),
        ("type: direct, source: 0.0.0.0", "source: is not an IP address of this machine"),
        ("type: direct, source: \"10.0.0.1:80\"", "source: is not an IP address of this machine"),
        ("type: direct, keepalive: 1500 ms", "keepalive: is not off, or whole seconds"),
        ("type: direct, keepalive: 10 h", "keepalive: is not off, or whole seconds"),
        ("type: direct, keepalive: { interval: 1 s }", #"keepalive: needs "idle""#),
        ("type: direct, keepalive: { idle: 1 s, count: 128 }", "keepalive.count: is not a whole number from 1 to 127"),
        ("type: block, allow: []", "allow: unknown key; known here: name, type"),
        ("type: group, members: []", "members: needs 1 to 64 exits"),
        ("type: group, members: [a]", #"members[0]: there is no exit "a""#),
        ("type: group", #"needs "members""#),
        ("type: group, members: [e]", #"members[0]: "e" is a group itself"#),
        ("type: socks5", #"type: "socks5" is not built yet"#),
        ("type: tunnel, server: \"a:1\", warm: 1025, keys: \"AQEBAQEBAQEBAQEBAQEBAQ==\"", "from 0 to 1024"),
        ("type: tunnel, server: \"a:1\", keys: \"AAAA:AAAA\"", "keys: the key chain: key 1 has 3 bytes"),
        ("type: tunnel, server: \"a:1\", keys: \"AAAA\", method: x", "method: is not one of 2022-blake3-aes-128-gcm"),
        ("type: tunnel, server: a, keys: \"AQEBAQEBAQEBAQEBAQEBAQ==\"", "server: is not a host and a port"),
        ("type: tunnel, server: \"a:1\", members: [a], keys: \"AQEBAQEBAQEBAQEBAQEBAQ==\"", "members: unknown key"),
    ])
    func `refuses a mistake in an exit`(fields: String, finding: String) {
        let found = self.found(fields)
        #expect(found.count == 1, "\(found)")
        #expect(found.first?.hasPrefix("f:2: exits[0]") == true)
        #expect(found.first?.contains(finding) == true, "\(found)")
    }
}
