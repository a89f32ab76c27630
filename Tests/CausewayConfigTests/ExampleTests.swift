import Foundation
import Testing

@testable import CausewayConfig

/// The files of `configs/`, with keys in the place of their placeholders.
@Suite struct ExampleTests {
    private func example(_ name: String, _ keys: [String: String]) throws -> String {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let text = try String(contentsOf: root.appending(path: "configs/\(name)"), encoding: .utf8)
        return keys.reduce(text) { $0.replacing($1.key, with: $1.value) }
    }

    @Test func `the client's example is accepted once it has keys`() throws {
        #expect(findings(try self.example("client.yaml", [:])).count == 1)
        let text = try self.example("client.yaml", ["ENTRY-KEY": key(1), "USER-KEY": key(2)])
        #expect(findings(text) == [])
        let configuration = try Configuration.parse(text, files: files([:]))
        #expect(
            configuration.summary.hasPrefix(
                """
                listeners
                  local: mixed, for everybody who reaches it; on 127.0.0.1:1080; exit abroad; \
                timeouts: handshake 1 min, idle 1 h, UDP 5 min
                exits
                  abroad: tunnel 2022-blake3-aes-128-gcm to entry.example.net:443, a chain of 2 keys; \
                timeouts: connect 10 s
                users
                  none
                node
                  loops: 2
                """
            )
        )
    }

    @Test func `the exit node's example is accepted once it has keys`() throws {
        #expect(findings(try self.example("exit.yaml", [:])).count == 3)
        let text = try self.example("exit.yaml", ["ALICE-KEY": key(2), "BOB-KEY": key(3)])
        let files = files(["/etc/causeway/exit.key": key(1) + "\n"])
        #expect(findings(text, files: files) == [])
        let summary = try Configuration.parse(text, files: files).summary
        #expect(summary.contains("for users with a key, reject: drain; on [::]:8388; exit out"))
        for byte in 1...3 as ClosedRange<UInt8> { #expect(!summary.contains(key(byte))) }
    }

    @Test func `the blind entry's example is accepted once it has keys`() throws {
        #expect(findings(try self.example("entry-relay.yaml", [:])).count == 5)
        let keys = ["TOKYO-KEY": key(2), "OSLO-KEY": key(3), "ALICE-KEY": key(4), "BOB-KEY": key(5)]
        let text = try self.example("entry-relay.yaml", keys)
        let files = files(["/etc/causeway/entry.key": key(1)])
        #expect(findings(text, files: files) == [])
        let configuration = try Configuration.parse(text, files: files)
        #expect(configuration.summary.contains("next japan, oslo"))
        #expect(configuration.admin.socket == "/run/causeway/admin.sock")
    }

    @Test func `the terminating entry's example is accepted once it has keys`() throws {
        #expect(findings(try self.example("entry-terminating.yaml", [:])).count == 5)
        let keys = ["TOKYO-KEY", "TOKYO-USER-KEY", "OSLO-KEY", "OSLO-USER-KEY", "ALICE-KEY", "BOB-KEY"]
        // The longest first, as some names end with others.
        let values = zip(keys.sorted { $0.count > $1.count }, 2...).map { ($0, key(UInt8($1))) }
        var text = try self.example("entry-terminating.yaml", [:])
        for (name, value) in values { text = text.replacing(name, with: value) }
        let files = files(["/etc/causeway/entry.key": key(1)])
        #expect(findings(text, files: files) == [])
        #expect(try Configuration.parse(text, files: files).summary.contains("abroad: group of tokyo, oslo, failover"))
    }
}
