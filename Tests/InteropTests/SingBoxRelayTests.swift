import TestSupport
import Testing

extension Interop {
    /// Chains of three hops, one of them a blind relay.
    @Suite struct SingBoxRelayTests {
        static let entries = [MethodName.aes128, .aes256].map { Entry(to: .multiUser($0)) }

        @Test(arguments: entries)
        func `sing-box as client and as server work with our relay between them`(entry: Entry) throws {
            let ports = (try FreePort.next(), try FreePort.next(), try FreePort.next())
            let server = try SingBox.server(port: ports.2, entry.exit)
            let relay = try Node(
                entry.relay(port: ports.1, servers: [ports.2], hasUsers: false),
                listeningOn: [ports.1]
            )
            let keys = entry.keys(hasUsers: false)
            let client = try SingBox.client(port: ports.0, serverPort: ports.1, entry.exit.method, keys: keys)
            try Transfer.exercise(proxyPort: ports.0, keepsHalfClose: false) {
                "\(client.log)\n\(relay.log)\n\(server.log)"
            }
            try relay.stop()
        }

        @Test(arguments: entries)
        func `our client and exit work with sing-box's relay between them`(entry: Entry) throws {
            let ports = (try FreePort.next(), try FreePort.next(), try FreePort.next())
            let exit = try Node(Configuration.exit(port: ports.2, entry.exit), listeningOn: [ports.2])
            let relay = try SingBox.relay(port: ports.1, serverPort: ports.2, entry)
            let client = try Node(
                Configuration.client(
                    port: ports.0,
                    serverPort: ports.1,
                    method: entry.exit.method,
                    keys: entry.keys(hasUsers: false)
                ),
                listeningOn: [ports.0]
            )
            try Transfer.exercise(proxyPort: ports.0, keepsHalfClose: true) {
                "\(client.log)\n\(relay.log)\n\(exit.log)"
            }
            try client.stop()
            try exit.stop()
        }

        @Test(arguments: entries)
        func `sing-box with a chain of four keys works with our relay that knows its users`(entry: Entry) throws {
            let ports = (try FreePort.next(), try FreePort.next(), try FreePort.next())
            let exit = try Node(Configuration.exit(port: ports.2, entry.exit), listeningOn: [ports.2])
            let relay = try Node(
                entry.relay(port: ports.1, servers: [ports.2], hasUsers: true),
                listeningOn: [ports.1]
            )
            let keys = entry.keys(hasUsers: true)
            #expect(keys.split(separator: ":").count == 4)
            let client = try SingBox.client(port: ports.0, serverPort: ports.1, entry.exit.method, keys: keys)
            try Transfer.exercise(proxyPort: ports.0, keepsHalfClose: false) {
                "\(client.log)\n\(relay.log)\n\(exit.log)"
            }
            try relay.stop()
            try exit.stop()
        }
    }
}
