import Foundation
import TestSupport
import Testing

extension EndToEnd {
    /// Whose addresses a log has.
    @Suite struct LoggedAddressesTests {
        @Test(arguments: [
            ("", false, false), ("log: { clients: true }", true, false), ("log: { destinations: true }", false, true),
            ("log: { clients: true, destinations: true }", true, true),
        ])
        func `events name whom the configuration lets them, and a reload is enough`(
            log: String,
            clients: Bool,
            destinations: Bool
        ) throws {
            let port = try FreePort.next()
            let text = """
                listeners: [{ name: in, type: mixed, address: "127.0.0.1:\(port)", exit: out }]
                exits: [{ name: out, type: direct, deny_ports: [9], allow: [127.0.0.0/8] }]

                """
            let node = try Node(text, listeningOn: [port])
            try (text + log).write(toFile: node.configurationFile, atomically: true, encoding: .utf8)
            kill(node.process.pid, SIGHUP)
            #expect(Deadline.wait(20) { node.log.contains("reloaded") })
            // Whom the exit refuses, and whom nobody answers: ports below 1024 are nobody's here.
            for target in [("127.0.0.1", 9), ("127.0.0.1", 1)] {
                _ = try Command.run([
                    "curl", "--silent", "--noproxy", "", "--proxy", "socks5h://127.0.0.1:\(port)",
                    "http://\(target.0):\(target.1)/",
                ])
            }
            let isTold = Deadline.wait(20) {
                node.log.contains(" notice target denied ") && node.log.contains(" notice connect failed ")
            }
            #expect(isTold, "\(node.log)")
            try node.stop()
            #expect(node.log.contains("client=127.0.0.1:") == clients, "\(node.log)")
            #expect(node.log.contains("destination=127.0.0.1:9") == destinations, "\(node.log)")
            #expect(node.log.contains("destination=127.0.0.1:1 ") == destinations, "\(node.log)")
        }
    }
}
