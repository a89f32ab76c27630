import CausewayBytes
import CausewayCore
import Foundation
import Testing

@testable import CausewayConfig

@Suite struct RebootGuardConfigurationTests {
    private func read(_ text: String, files reader: FileReader = files([:]), hostName: String = "node-1") throws
        -> RebootGuardConfiguration
    {
        let file = FoundFile(bytes: Array(text.utf8), isReadableByAll: false)
        return try RebootGuardConfiguration.parse(
            .success(file),
            file: "f",
            files: reader,
            directory: "/etc/causeway",
            hostName: hostName
        )
    }

    private func findings(_ text: String, hostName: String = "node-1") -> [String] {
        do {
            _ = try self.read(text, hostName: hostName)
            return []
        } catch {
            return (error as? ConfigurationError)?.diagnostics.map(\.description) ?? ["\(error)"]
        }
    }

    @Test func `a lock is all that has to be said`() throws {
        let configuration = try self.read("lock: { file: reboot.lock }")
        #expect(configuration.lock == .file("/etc/causeway/reboot.lock") && configuration.name == "node-1")
        #expect(configuration.wanted == .file("/run/reboot-required"))
        #expect(configuration.every == .seconds(60) && configuration.window == nil && configuration.health == nil)
        #expect(configuration.drain.sockets.isEmpty && configuration.reboot.words == ["systemctl", "reboot"])
        #expect(configuration.resume == nil && configuration.state == "/var/lib/causeway-reboot-guard")
    }

    @Test func `everything can be said`() throws {
        let configuration = try self.read(
            """
            name: tokyo-2
            required_command: [needrestart, -k]
            every: 5 min
            lock: { url: "http://lock.example.net:9000/fleet", token: { file: token } }
            window: { days: [mon, tue], from: "22:30", to: "04:00", zone: Europe/Berlin }
            health: { command: [/usr/bin/check, "all of it"], timeout: 5 s }
            drain: { sockets: [/run/causeway/a.sock, /run/causeway/b.sock], deadline: 20 min }
            reboot: [/sbin/reboot]
            resume: [systemctl, start, causeway@a]
            state: /var/lib/guard

            """,
            files: files(["/etc/causeway/token": "abc\n"])
        )
        #expect(
            configuration.summary == """
                reboot guard tokyo-2
                  wanted: while needrestart -k ends with 0, looked at every 5 min
                  window: mon,tue 22:30-04:00 Europe/Berlin
                  health: /usr/bin/check all of it
                  lock: http://lock.example.net:9000/fleet, with a token
                  drain: /run/causeway/a.sock, /run/causeway/b.sock; deadline 20 min
                  reboot: /sbin/reboot
                  resume: systemctl start causeway@a
                  state: /var/lib/guard
                """
        )
        #expect(configuration.health?.timeout == .seconds(5))
    }

    @Test(arguments: [
        ("", "f: is empty"), ("a: 1", "f:1: a: unknown key; known here: name"), ("name: x", "f: needs \"lock\""),
        ("lock: {}", "f:1: lock: needs \"file\" or \"url\", one of them"),
        ("lock: { file: a, url: \"http://a/\" }", "f:1: lock: needs \"file\" or \"url\", one of them"),
        ("lock: { url: \"https://a/\" }", "f:1: lock.url: is not an http URL"),
        ("lock: { url: \"http://a/?b\" }", "f:1: lock.url: is not an http URL"),
        ("lock: { file: a, token: b }", "f:1: lock.token: is for lock.url, and there is none"),
        ("lock: { url: \"http://a/\", token: \"a b\" }", "f:1: lock.token: the token is not one word"),
        ("name: a/b", "f:1: name: is not 1 to 64 letters"),
        ("required_command: [a]\nrequired: b", "f:1: required_command: is there beside \"required\""),
        ("reboot: systemctl reboot", "f:1: reboot: must be a list of the program"), ("reboot: []", "names no program"),
        ("health: { timeout: 5 s }", "f:1: health: needs \"command\""),
        ("window: { from: \"25:00\", to: \"02:00\" }", "f:1: window.from: is not a time of the day"),
        ("window: { from: \"24:00\", to: \"02:00\" }", "f:1: window.from: is not a time of the day"),
        ("window: { from: \"02:00\" }", "f:1: window: needs \"to\""),
        ("window: { days: [], from: \"02:00\", to: \"03:00\" }", "f:1: window.days: needs one at least"),
        ("window: { days: [tues], from: \"02:00\", to: \"03:00\" }", "(did you mean \"tue\"?)"),
        ("window: { from: \"02:00\", to: \"03:00\", zone: Mars }", "f:1: window.zone: is not a time zone"),
        ("drain: { deadline: 5 s }", "f:1: drain: needs \"sockets\""),
        ("drain: { sockets: a, deadline: 2 d }", "f:1: drain.deadline: is not a length of time"),
        ("every: 0 s", "f:1: every: is not a length of time"),
    ])
    func `what is wrong is told with its place`(text: String, finding: String) {
        let found = self.findings(text)
        #expect(found.contains { $0.contains(finding) }, "\(found)")
    }

    @Test func `the example is accepted`() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../..")
        let text = try String(contentsOf: root.appending(path: "configs/reboot-guard.yaml"), encoding: .utf8)
        let configuration = try self.read(text)
        #expect(configuration.warnings.isEmpty)
        #expect("\(try #require(configuration.window))" == "mon,tue,wed,thu 02:30-05:00 Europe/Berlin")
    }

    @Test func `a host whose name is none has to be given one`() {
        let found = self.findings("lock: { file: a }", hostName: "a b")
        #expect(found == ["f: needs \"name\": the host's own is none that a lock takes"])
    }
}
