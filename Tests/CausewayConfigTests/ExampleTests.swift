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
                timeouts: handshake 1 min, idle 1 h
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
}
