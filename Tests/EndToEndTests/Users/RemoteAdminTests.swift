import Foundation
import TestSupport
import Testing

extension EndToEnd {
    /// The admin API at an address.
    @Suite struct RemoteAdminTests {
        @Test func `a token made by the program opens the API to curl and to the program, and is nowhere in the log`()
            throws
        {
            let made = try Command.run([Binaries.causeway, "token"])
            let words = String(decoding: made.output, as: UTF8.self).split { $0.isWhitespace }.map(String.init)
            #expect(words.count == 4 && words[0] == "token" && words[2] == "digest", "\(words)")
            let (token, digest) = (words[1], words[3])
            let directory = try TemporaryDirectory()
            let ports = (try FreePort.next(), try FreePort.next())
            let node = try Node(
                """
                listeners: [{ name: in, type: mixed, address: "127.0.0.1:\(ports.0)", users: true, exit: out }]
                exits: [{ name: out, type: direct }]
                ledger: { path: \(directory.file("ledger")) }
                admin: { address: "127.0.0.1:\(ports.1)", tokens: ["\(digest)"] }

                """,
                listeningOn: [ports.0, ports.1]
            )
            let address = "127.0.0.1:\(ports.1)"
            let file = try directory.write(token + "\n", to: "token", mode: 0o600)
            func curl(_ arguments: String...) throws -> String {
                String(decoding: try Command.run(["curl", "--silent"] + arguments).output, as: UTF8.self)
            }
            let bearer = "Authorization: Bearer \(token)"
            #expect(try curl("-H", bearer, "http://\(address)/v1/status").contains("\"listeners\""))
            #expect(try curl("http://\(address)/v1/status") == "{\"error\":\"a token is wanted\"}\n")
            let arguments = ["--address", address, "--token-file", file]
            let added = try Command.run([Binaries.causeway, "user", "add", "bob"] + arguments)
            #expect(added.succeeded, "\(added.errorText)")
            let list = try Command.run([Binaries.causeway, "user", "list", "--json"] + arguments)
            #expect(String(decoding: list.output, as: UTF8.self).contains("\"name\":\"bob\""))
            let wrong = try directory.write("this-is-not-the-token-that-was-made", to: "wrong", mode: 0o600)
            let refused = try Command.run([
                Binaries.causeway, "user", "remove", "bob", "--yes", "--address", address, "--token-file", wrong,
            ])
            #expect(
                refused.status == .exited(1) && refused.errorText == "causeway: a token is wanted\n",
                "\(refused.errorText)"
            )
            try node.stop()
            #expect(node.log.contains("admin refused") && node.log.contains("wrong token"), "\(node.log)")
            #expect(!node.log.contains(token) && !node.log.contains("this-is-not"), "\(node.log)")
        }
    }
}
