import CausewayBytes
import Testing

@testable import CausewayConfig

@Suite struct GroupTests {
    private static let tunnels = """
        { name: a, type: tunnel, server: "a.example:1", keys: "\(key(1))" }, \
        { name: b, type: tunnel, server: "b.example:1", keys: "\(key(2))" }
        """

    private func group(_ fields: String) throws -> Configuration.Exit.Group? {
        let text = "\(minimalListener)\nexits: [\(Self.tunnels), { name: e, type: group, members: [a, b], \(fields) }]"
        guard case .group(let group)? = try Configuration.parse(text, files: files([:])).exits.last?.kind else {
            return nil
        }
        return group
    }

    private func found(_ fields: String, exits: String = tunnels) -> [String] {
        findings("\(minimalListener)\nexits: [\(exits), { name: e, type: group, \(fields) }]")
    }

    @Test func `a group fails over and checks its members where nothing is said`() throws {
        let group = try self.group("policy: failover")
        #expect(group?.members == ["a", "b"] && group?.policy == .failover)
        #expect(
            group?.check
                == Configuration.Exit.Check(
                    target: try #require(Address("cp.cloudflare.com:80")),
                    path: "/generate_204",
                    interval: .seconds(30),
                    timeout: .seconds(5),
                    rise: 2,
                    fall: 3
                )
        )
    }

    @Test func `reads all of a group and its check`() throws {
        let group = try self.group(
            #"policy: latency, tolerance: 20 ms, check: { url: "http://[::1]:8080/x?y=1", interval: 1 s, "#
                + "timeout: 250 ms, rise: 4, fall: 5 }"
        )
        #expect(group?.policy == .latency && group?.tolerance == .milliseconds(20))
        let check = try #require(group?.check)
        #expect(check.target.description == "[::1]:8080" && check.path == "/x?y=1")
        #expect(check.interval == .seconds(1) && check.timeout == .milliseconds(250))
        #expect(check.rise == 4 && check.fall == 5)
        #expect(try self.group("policy: hash, hash_by: user")?.hashBy == .user)
        #expect(try self.group("check: off")?.check == nil)
    }

    @Test(arguments: [
        ("http://a.example", "a.example:80", "/"), ("HTTP://a.example:81", "a.example:81", "/"),
        ("http://a.example?q", "a.example:80", "/?q"), ("http://192.0.2.1/a/b", "192.0.2.1:80", "/a/b"),
    ])
    func `understands a URL`(url: String, target: String, path: String) {
        let parsed = CheckURL(url)
        #expect(parsed?.target.description == target)
        #expect(parsed?.path == path)
    }

    @Test(arguments: [
        "https://a.example/", "a.example", "http://", "http://u@a.example/", "http://a.example/#x",
        "http://a.example/ b", "http://a.example:0/", "http://a.example:99999/", "http:///x",
    ])
    func `refuses what is no URL of a check`(url: String) {
        #expect(CheckURL(url) == nil)
    }

    @Test(arguments: [
        ("members: [a, a]", #"members[1]: "a" is a member already"#),
        ("members: [a, c]", #"members[1]: there is no exit "c""#),
        ("members: a", "members: must be a list"),
        ("members: [a], policy: fastest", "policy: is not one of failover, latency, round-robin"),
        ("members: [a], check: on", "check: is neither off nor"),
        ("members: [a], check: { url: \"https://a.example/\" }", "check.url: is not a URL such as"),
        ("members: [a], check: { rise: 0 }", "check.rise: is not a whole number from 1 to 100"),
        ("members: [a], check: { every: 1 s }", "check.every: unknown key"),
        ("members: [a], policy: hash, hash_by: name", "hash_by: is not one of source, user"),
        ("members: [a], hash_by: user", "warning: exits[2].hash_by: has no meaning for this policy"),
        ("members: [a], tolerance: 1 s", "warning: exits[2].tolerance: has no meaning for this policy"),
        ("members: [a], warm: 3", "warm: unknown key"),
    ])
    func `finds a mistake in a group`(fields: String, finding: String) {
        let found = self.found(fields)
        #expect(found.count == 1, "\(found)")
        #expect(found.first?.contains(finding) == true, "\(found)")
    }

    @Test func `a group has no groups and nothing that blocks`() {
        let exits = "{ name: a, type: block }, { name: b, type: group, members: [c] }, { name: c, type: direct }"
        #expect(
            self.found("members: [a, b, c]", exits: exits) == [
                #"f:2: exits[3].members[0]: "a" blocks everything, and so cannot be a member"#,
                #"f:2: exits[3].members[1]: "b" is a group itself"#,
            ]
        )
    }

    @Test func `a member without keys is for relays only`() {
        let exits = #"{ name: a, type: tunnel, server: "a.example:1" }"#
        #expect(
            self.found("members: [a]", exits: exits) == [
                #"f:1: listeners[0].exit: "a", a member of "e", has no keys, which only relays do without"#
            ]
        )
    }

    @Test func `the summary names policy, members and check`() throws {
        let text = "\(minimalListener)\nexits: [\(Self.tunnels), { name: e, type: group, members: [a, b] }]"
        let summary = try Configuration.parse(text, files: files([:])).summary
        #expect(
            summary.contains(
                "e: group of a, b, failover; check http://cp.cloudflare.com:80/generate_204 every 30 s, timeout 5 s, "
                    + "up after 2, down after 3"
            )
        )
    }
}
