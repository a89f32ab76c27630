import Foundation
import TestSupport
import Testing

extension EndToEnd {
    /// A node that is to end, and whose sessions have not.
    @Suite struct DrainTests {
        @Test(arguments: ["SIGTERM", "causeway drain"])
        func `sessions come to their end, nobody new is let in`(how: String) throws {
            let drainer = try Drainer(drain: "60 s")
            let session = try drainer.session()
            switch how {
            case "SIGTERM": kill(drainer.node.process.pid, SIGTERM)
            default:
                let arguments = [
                    Binaries.causeway, "drain", "-c", drainer.node.configurationFile, "--deadline", "1 min",
                ]
                let answer = try Command.run(arguments)
                #expect(answer.succeeded, "\(answer.errorText)")
                #expect(answer.outputText.hasPrefix("draining: 1 sessions, ends in "), "\(answer.outputText)")
            }
            #expect(Deadline.wait(20) { !ProcessStatus.isListening(port: drainer.port) })
            #expect((try? LoopbackSocket(connectingTo: drainer.port)) == nil)
            try session.exchange()
            #expect(drainer.node.process.exitStatus == nil)
            session.close()
            #expect(try drainer.node.process.waitForExit(within: 20) == .exited(0))
        }

        @Test func `a node without sessions answers before it ends`() throws {
            let drainer = try Drainer(drain: "60 s")
            let answer = try Command.run([Binaries.causeway, "drain", "-c", drainer.node.configurationFile])
            #expect(answer.outputText == "draining: 0 sessions, ends in 60 s at the latest\n", "\(answer.errorText)")
            #expect(try drainer.node.process.waitForExit(within: 20) == .exited(0))
        }

        @Test func `a second SIGTERM ends it at once, and in good order`() throws {
            let drainer = try Drainer(drain: "1 h")
            let session = try drainer.session()
            kill(drainer.node.process.pid, SIGTERM)
            #expect(Deadline.wait(20) { !ProcessStatus.isListening(port: drainer.port) })
            #expect(drainer.node.process.exitStatus == nil)
            kill(drainer.node.process.pid, SIGTERM)
            #expect(try drainer.node.process.waitForExit(within: 20) == .exited(0))
            #expect(drainer.node.log.contains(" stopped\n"), "\(drainer.node.log)")
            session.close()
        }

        @Test func `the deadline ends those that stay`() throws {
            let drainer = try Drainer(drain: "300 ms")
            let session = try drainer.session()
            kill(drainer.node.process.pid, SIGTERM)
            #expect(try drainer.node.process.waitForExit(within: 20) == .exited(0))
            #expect(drainer.node.log.contains("deadline=\"300 ms\""), "\(drainer.node.log)")
            session.close()
        }
    }
}

/// A node between an application and an echo.
private struct Drainer {
    let node: Node
    let port: UInt16
    private let echo: LoopbackServer
    private let directory: TemporaryDirectory

    init(drain: String) throws {
        self.directory = try TemporaryDirectory()
        self.echo = try LoopbackServer.echo()
        self.port = try FreePort.next()
        self.node = try Node(
            """
            listeners: [{ name: in, type: mixed, address: "127.0.0.1:\(self.port)", exit: out }]
            exits: [{ name: out, type: direct, allow: ["127.0.0.0/8"] }]
            admin: { socket: \(self.directory.file("admin.sock")) }
            drain: \(drain)

            """,
            listeningOn: [self.port]
        )
    }

    /// A session through the node that has moved bytes.
    func session() throws -> LoopbackSocket {
        let session = try LoopbackSocket.session(via: self.port, to: self.echo.port)
        try session.exchange()
        return session
    }
}

extension LoopbackSocket {
    /// Sends bytes to an echo and reads them back.
    fileprivate func exchange() throws {
        try self.write([1, 2, 3])
        #expect(try self.read(exactly: 3) == [1, 2, 3])
    }
}
