import Foundation
import TestSupport
import Testing

/// The built binary, run as an operator runs it.
@Suite struct CommandTests {
    private struct Outcome {
        var status: Int32
        var output: String
        var errors: String
    }

    /// The binary, which is built into the directory of the tests' own.
    private static let binary = Bundle.main.bundleURL.appending(path: "causeway")

    /// What `causeway` prints and ends with, given these arguments.
    private func causeway(_ arguments: String...) throws -> Outcome {
        let command = try Command.run([Self.binary.path] + arguments)
        guard case .exited(let status) = command.status else { throw TestFailure("ended with \(command.status)") }
        return Outcome(status: status, output: command.outputText, errors: command.errorText)
    }

    /// The result of `body` with the path of a file that holds `text`.
    private func withFile<Result>(_ text: String, _ body: (String) throws -> Result) throws -> Result {
        let file = FileManager.default.temporaryDirectory.appending(path: "causeway-\(UUID()).yaml")
        try Data(text.utf8).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        return try body(file.path)
    }

    @Test func `check prints what would run and ends with 0`() throws {
        let text = """
            listeners: [{ name: l, type: mixed, address: "127.0.0.1:1080", exit: e }]
            exits: [{ name: e, type: block }]
            """
        let outcome = try self.withFile(text) { try self.causeway("check", "-c", $0) }
        #expect(outcome.status == 0 && outcome.errors.isEmpty)
        #expect(outcome.output.contains("l: mixed, for everybody who reaches it; on 127.0.0.1:1080; exit e"))
    }

    @Test(arguments: ["check", "run"])
    func `a wrong configuration ends with 78 and says where it is wrong`(command: String) throws {
        let (path, outcome) = try self.withFile("listners: []\nexits: []\n") { path in
            (path, try self.causeway(command, "--config", path))
        }
        #expect(outcome.status == 78 && outcome.output.isEmpty)
        #expect(outcome.errors.contains("\(path):1: listners: unknown key (did you mean \"listeners\"?)\n"))
    }

    @Test func `a file that is not there ends with 78`() throws {
        let outcome = try self.causeway("check", "-c", "/nonexistent")
        #expect(outcome.status == 78)
        #expect(outcome.errors == "/nonexistent: cannot be read: No such file or directory\n")
    }

    @Test func `wrong usage ends with 64`() throws {
        #expect(try self.causeway("chekc").status == 64)
        #expect(try self.causeway("check").status == 64)
        #expect(try self.causeway("keygen", "rot13").status == 64)
    }

    @Test func `keygen prints keys and version the versions`() throws {
        let keys = try self.causeway("keygen", "2022-blake3-aes-256-gcm", "--count", "2")
        #expect(keys.status == 0)
        #expect(keys.output.split(separator: "\n").map(\.count) == [44, 44])
        let version = try self.causeway("version")
        #expect(version.status == 0)
        #expect(version.output.contains("OpenSSL 3.") && version.output.contains("AEAD: "))
    }
}
