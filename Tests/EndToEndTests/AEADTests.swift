import CausewayCrypto
import TestSupport
import Testing

extension EndToEnd {
    @Suite struct AEADTests {
        private static let variable = "CAUSEWAY_AEAD"

        /// Over all backends of both ends, so that what one library seals the other opens, on live streams.
        @Test(arguments: Backend.available, Backend.available)
        func `each end may seal with another library`(client: Backend, exit: Backend) throws {
            let server = try LoopbackServer { connection in
                try BytePattern.send(3_000_000, to: connection)
                let count = try BytePattern.receive(from: connection)
                guard count == 3_000_000 else { throw TestFailure("only \(count) bytes came") }
            }
            for method in [MethodName.aes128, .aes256] {
                let chain = try Chain(
                    .multiUser(method),
                    environments: ([Self.variable: client.choice.rawValue], [Self.variable: exit.choice.rawValue])
                )
                let session = try chain.session(to: server.port)
                #expect(try BytePattern.receive(from: session, upTo: 3_000_000) == 3_000_000)
                try BytePattern.send(3_000_000, to: session)
                session.finishWriting()
                #expect(session.read() == .end)
                #expect(Deadline.wait(20) { server.openCount == 0 })
                #expect(server.failures.isEmpty, "\(server.failures)")
                try chain.stop()
            }
        }

        @Test(arguments: Backend.available)
        func `the version says which library is in force`(backend: Backend) throws {
            let run = try Command.run(
                [Binaries.causeway, "version"],
                environment: [Self.variable: backend.choice.rawValue],
                within: 20
            )
            #expect(run.status == .exited(0))
            #expect(run.outputText.contains("AEAD: \(backend)"), "\(run.outputText)")
        }

        @Test func `a library that does not exist ends the node with its name`() throws {
            let directory = try TemporaryDirectory()
            let port = try FreePort.next()
            let file = try directory.write(Configuration.direct(port: port, allow: []), to: "node.yaml")
            let run = try Command.run(
                [Binaries.causeway, "run", "-c", file],
                environment: [Self.variable: "abacus"],
                within: 20
            )
            #expect(run.status != .exited(0))
            #expect(run.errorText.contains("CAUSEWAY_AEAD") && run.errorText.contains("abacus"), "\(run.errorText)")
        }
    }
}
