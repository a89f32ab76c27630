import CausewayBytes
import CausewayCrypto
import Testing

@testable import CausewayConfig

@Suite struct ConfigurationReaderTests {
    @Test func `what is not written has its default`() throws {
        let configuration = try Configuration.parse(minimal, files: files([:]), processors: 3)
        #expect(configuration.loops == 3)
        #expect(configuration.dns == Configuration.DNS(servers: [], cache: 4096))
        #expect(configuration.log == Configuration.Log(level: .info, destinations: false, clients: false))
        #expect(configuration.limits.buffers == ByteCount(bytes: 268_435_456))
        #expect(configuration.limits.sessions == 100_000)
        #expect(configuration.users.isEmpty)
        #expect(configuration.warnings.isEmpty)
        let listener = try #require(configuration.listeners.first)
        #expect(listener.name == "l" && listener.exit == "e")
        #expect(listener.handshakeTimeout == .seconds(60) && listener.idleTimeout == .seconds(3600))
    }

    @Test func `processors beyond reason do not become loops`() throws {
        #expect(try Configuration.parse(minimal, files: files([:]), processors: 0).loops == 1)
        #expect(try Configuration.parse(minimal, files: files([:]), processors: 1_000).loops == 256)
    }

    @Test func `what is written is what is read`() throws {
        let text =
            minimal + """
                loops: 5
                dns: { servers: [9.9.9.9, "[2620:fe::fe]:5353"], cache: 0 }
                log: { level: debug, destinations: true, clients: true }
                limits: { buffers: 1.5 GiB, sessions: 7 }
                """
        let configuration = try Configuration.parse(text, files: files([:]))
        #expect(configuration.loops == 5)
        #expect(configuration.dns.servers.map(\.description) == ["9.9.9.9:53", "[2620:fe::fe]:5353"])
        #expect(configuration.dns.cache == 0)
        #expect(configuration.log == Configuration.Log(level: .debug, destinations: true, clients: true))
        #expect(configuration.limits.buffers == ByteCount(bytes: 1_610_612_736))
        #expect(configuration.limits.sessions == 7)
    }

    @Test(arguments: [
        ("loops: 0", "f:3: loops: is not a whole number from 1 to 256"),
        ("loops: 257", "f:3: loops: is not a whole number from 1 to 256"),
        ("loops: [2]", "f:3: loops: must be a text, and is a list"),
        ("loops:", "f:3: loops: has no value"),
        ("dns: 9.9.9.9", "f:3: dns: must be a mapping of keys to values"),
        ("dns: { cache: -1 }", "f:3: dns.cache: is not a whole number from 0 to 1000000"),
        ("dns: { server: 9.9.9.9 }", #"f:3: dns.server: unknown key (did you mean "servers"?)"#),
        (
            "dns: { servers: [9.9.9.9, dns.example] }",
            "f:3: dns.servers[1]: is not an IP address, such as 9.9.9.9 or [2620:fe::fe]:53"
        ),
        ("log: { level: infos }", #"is not one of trace, debug, info, notice, warning, error, critical"#),
        ("log: { clients: yes }", "f:3: log.clients: is not true or false"),
        ("limits: { buffers: 1 KiB }", #"f:3: limits.buffers: is not a number of bytes such as "256 MiB""#),
        ("limts: {}", #"f:3: limts: unknown key (did you mean "limits"?)"#),
        (
            "zebra: {}",
            "f:3: zebra: unknown key; known here: listeners, exits, users, loops, dns, log, limits, drain, handover, admin, ledger"
        ),
        ("ledger: {}", #"f:3: ledger: needs "path""#),
        ("ledger: { path: /x, checkpoint: 1500 ms }", "f:3: ledger.checkpoint: is not a whole number of seconds"),
        ("ledger: { path: /x, on_failure: stop }", "f:3: ledger.on_failure: is not one of continue, refuse"),
        ("ledger: { path: /x, hours: 12 h }", "f:3: ledger.hours: is not a number of days"),
        ("admin: { port: 1 }", "f:3: admin.port: unknown key; known here: socket, address, tokens"),
        ("admin: { socket: /\(String(repeating: "x", count: 99)) }", "admin.socket: is longer than the 99"),
        ("admin: { address: \"127.0.0.1:9\" }", #"f:3: admin.address: needs "tokens": whoever reaches"#),
        ("admin: { address: \"127.0.0.1:9\", tokens: [] }", #"f:3: admin.address: needs "tokens""#),
        ("admin: { address: \"127.0.0.1:9\", tokens: secret }", "f:3: admin.tokens: is not a token's digest"),
        ("admin: { tokens: [\"\(tokenDigest)\"] }", "f:3: admin.tokens: are for admin.address, and there is none"),
        (
            "admin: { address: \"127.0.0.1:1080\", tokens: \"\(tokenDigest)\" }",
            "f:3: admin.address: 127.0.0.1:1080 is taken by listeners[0].address"
        ),
        ("? [a]\n: 1", "has a key that is no text"),
    ])
    func `says file, line, key and reason of a mistake`(line: String, finding: String) {
        let found = findings(minimal + line)
        #expect(found.count == 1)
        #expect(found.first?.contains(finding) == true, "\(found)")
    }

    @Test func `an admin address that others reach is allowed, and warned of`() throws {
        func warnings(_ address: String) throws -> [String] {
            let text = minimal + "admin: { address: \"\(address)\", tokens: \"\(tokenDigest)\" }"
            let configuration = try Configuration.parse(text, files: files([:]))
            #expect(configuration.admin.remote?.tokens.map(\.description) == [tokenDigest])
            return configuration.warnings.map(\.description)
        }
        #expect(try warnings("[::1]:9090") == [])
        let found = try warnings("0.0.0.0:9090")
        #expect(
            found.count == 1 && found[0].contains("admin.address: whoever is on the way reads the token"),
            "\(found)"
        )
    }

    @Test func `the admin socket's path begins at the file's directory`() throws {
        let text = minimal + "admin: { socket: run/admin.sock }"
        let inEtc = try Configuration.parse(text, files: files([:]), directory: "/etc")
        #expect(inEtc.admin.socket == "/etc/run/admin.sock")
        #expect(try Configuration.parse(text, files: files([:])).admin.socket == "run/admin.sock")
        #expect(try Configuration.parse(minimal, files: files([:])).admin.socket == nil)
    }

    @Test func `finds everything in one run, in the order of the file`() {
        let text = """
            loops: many
            exits:
              - { name: e, type: drect }
              - { name: e, type: direct, allow: [10.0.0.0/33] }
            listeners:
              - name: l
                type: mixed
                adress: "127.0.0.1:1080"
                exit: f
            """
        #expect(
            findings(text) == [
                "f:1: loops: is not a whole number from 1 to 256",
                #"f:3: exits[0].type: is not one of direct, tunnel, block, socks5, group (did you mean "direct"?)"#,
                #"f:4: exits[1].name: there is another exit "e" (line 3)"#,
                "f:4: exits[1].allow[0]: is no block of addresses, such as 10.0.0.0/8",
                #"f:6: listeners[0]: needs "address""#,
                #"f:8: listeners[0].adress: unknown key (did you mean "address"?)"#,
                #"f:9: listeners[0].exit: there is no exit "f""#,
            ]
        )
    }

    @Test func `a node needs a listener and an exit`() {
        #expect(findings("{}") == [#"f: needs "listeners""#, #"f: needs "exits""#])
        #expect(
            findings("listeners: []\nexits: []") == [
                "f:1: listeners: needs one at least", "f:2: exits: needs one at least",
            ]
        )
        #expect(findings("[]") == ["f: must be a mapping of keys to values"])
        #expect(findings("text") == ["f: must be a mapping of keys to values"])
    }

    @Test func `a file of mistakes is cut off, and still an error`() {
        let text = minimal + "users: [" + String(repeating: "{},", count: 1_000) + "]"
        let found = findings(text)
        #expect(found.count == 101)
        #expect(found.last == "f: and 1900 more")
    }

    @Test(arguments: [
        "\"\"", "\" a\"", "\"a \"", "\"a:b\"", "\"a\\nb\"", "\"a\\u202eb\"", "\"a\\e[2Jb\"",
        "\"" + String(repeating: "n", count: 65) + "\"",
    ])
    func `refuses a name that cannot be printed or typed`(name: String) {
        let found = findings(minimalListener + "\nexits: [{ name: e, type: block }, { name: \(name), type: block }]")
        #expect(found.count == 1)
        #expect(found.first?.hasPrefix("f:2: exits[1].name: is not 1 to 64 bytes of printable text") == true)
    }

    @Test func `takes names of other languages, of 64 bytes at most`() {
        let name = "日本 " + String(repeating: "n", count: 57)
        let exits = "\nexits: [{ name: e, type: block }, { name: \(name), type: block }]"
        #expect(findings(minimalListener + exits) == [])
    }

    @Test func `no finding can move a terminal's cursor`() {
        let found = findings(minimal + "\"\\e[2J\\u202e\": 1")
        #expect(found.first?.hasPrefix("f:3: \\u{1b}[2J\\u{202e}: unknown key") == true, "\(found)")
    }
}
