import TestSupport
import Testing

extension EndToEnd {
    @Suite struct ConfigurationTests {
        /// EX_CONFIG of sysexits.h.
        private static let configurationError = ExitStatus.exited(78)

        @Test(arguments: [
            ("listeners:\n  - { name: local, type: mixed, adress: \"127.0.0.1:1\", exit: out }\n", 2),
            ("listeners:\n  - name: local\n    type: nonsense\n    address: \"127.0.0.1:1\"\n    exit: out\n", 3),
            ("listeners:\n  - name: local\n    type: mixed\n    address: \"127.0.0.1\"\n    exit: out\n", 4),
            ("listeners: []\nexits:\n  - { name: out, type: direct, allow: [\"300.0.0.0/8\"] }\n", 3),
            ("listeners: [\n", 1),
        ])
        func `a wrong file ends the node with its place`(text: String, line: Int) throws {
            let directory = try TemporaryDirectory()
            let file = try directory.write(text, to: "wrong.yaml")
            let run = try Command.run([Binaries.causeway, "run", "-c", file], within: 20)
            #expect(run.status == Self.configurationError, "\(run.errorText)")
            // A parser may notice an unfinished file only behind its end.
            let places = line == 1 ? [1, 2] : [line]
            #expect(places.contains { run.errorText.contains("wrong.yaml:\($0)") }, "\(run.errorText)")
        }

        @Test func `a key of the wrong length ends the node with its place`() throws {
            let directory = try TemporaryDirectory()
            let port = try FreePort.next()
            let wrong = Configuration.exit(port: port, .singleUser(.aes128))
                .replacing(MethodName.aes128.rawValue, with: MethodName.aes256.rawValue)
            let file = try directory.write(wrong, to: "wrong.yaml")
            let run = try Command.run([Binaries.causeway, "run", "-c", file], within: 20)
            #expect(run.status == Self.configurationError, "\(run.errorText)")
            #expect(run.errorText.contains("wrong.yaml:6"), "\(run.errorText)")
        }

        @Test func `a file that is not there ends the node with its name`() throws {
            let directory = try TemporaryDirectory()
            let run = try Command.run([Binaries.causeway, "run", "-c", directory.file("missing.yaml")], within: 20)
            #expect(run.status != .exited(0))
            #expect(run.errorText.contains("missing.yaml"), "\(run.errorText)")
        }

        @Test func `a port that is taken ends the node with the port`() throws {
            let taken = try LoopbackServer { _ in }
            let directory = try TemporaryDirectory()
            let file = try directory.write(Configuration.direct(port: taken.port, allow: []), to: "node.yaml")
            let run = try Command.run([Binaries.causeway, "run", "-c", file], within: 20)
            #expect(run.status != .exited(0))
            #expect(run.errorText.contains("\(taken.port)"), "\(run.errorText)")
        }

        @Test func `a node ends with status 0 when it is asked to`() throws {
            let port = try FreePort.next()
            let node = try Node(Configuration.direct(port: port, allow: []), listeningOn: [port])
            try node.stop()
        }
    }
}
