import Foundation
import Synchronization
import TestSupport
import Testing

extension EndToEnd {
    /// Datagrams while their nodes are reloaded and upgraded.
    @Suite struct DatagramHandOverTests {
        @Test func `associations go on when client and exit are upgraded`() throws {
            let directory = try TemporaryDirectory()
            let (proxyPort, tunnelPort) = (try FreePort.next(), try FreePort.next())
            let credentials = Credentials.singleUser(.aes128)
            func text(_ configuration: String, _ name: String) -> String {
                "\(configuration)admin: { socket: \(directory.file("\(name).sock")) }\nloops: 2\n"
            }
            let exit = Lineage(
                try Node(text(Configuration.exit(port: tunnelPort, credentials), "exit"), listeningOn: [tunnelPort])
            )
            let client = Lineage(
                try Node(
                    text(Configuration.client(port: proxyPort, serverPort: tunnelPort, credentials), "client"),
                    listeningOn: [proxyPort]
                )
            )
            let echo = try DatagramEcho()
            let association = try SocksAssociation(via: proxyPort)
            try association.exchange([1], with: echo.port)
            // At the exit a session begins anew, and its client takes that, once a minute (protocol reference 3.3).
            try exit.upgrade()
            try association.exchange([2], with: echo.port)
            for round in 3..<5 as Range<UInt8> {
                // At the client it stays in the process that it began in.
                try client.upgrade()
                try association.exchange([round, round], with: echo.port)
                try SocksAssociation(via: proxyPort).exchange([round, 0], with: echo.port)
            }
            // A process whose customers are heard by another one ends.
            let isAlone = Deadline.wait(20) { exit.isAlone }
            #expect(isAlone)
            association.control.close()
            try client.stop()
            try exit.stop()
        }

        @Test func `datagrams that come during a hand-over wait for it`() throws {
            let directory = try TemporaryDirectory()
            let port = try FreePort.next()
            let echo = try DatagramEcho()
            let node = Lineage(
                try Node(
                    """
                    listeners: [{ name: in, type: forward, address: "127.0.0.1:\(port)", target: "127.0.0.1:\(echo.port)",
                        exit: out }]
                    exits: [{ name: out, type: direct, allow: [127.0.0.0/8] }]
                    admin: { socket: \(directory.file("admin.sock")) }
                    loops: 2

                    """,
                    listeningOn: [port]
                )
            )
            let isOver = Atomic(false)
            let customers = try (0..<20).map { _ in try LoopbackDatagrams() }
            try Background.run {
                var number: UInt64 = 0
                while !isOver.load(ordering: .relaxed) {
                    let bytes = withUnsafeBytes(of: number) { Array($0) }
                    for customer in customers { try customer.send(bytes, to: port) }
                    for customer in customers {
                        guard customer.receive()?.bytes == bytes else { throw TestFailure("\(number) is not answered") }
                    }
                    number += 1
                }
            } while: {
                defer { isOver.store(true, ordering: .relaxed) }
                for _ in 0..<3 {
                    try node.upgrade()
                    usleep(100_000)
                }
            }
            try node.stop()
        }
    }
}
