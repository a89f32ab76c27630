import TestSupport
import Testing

extension Interop {
    @Suite struct SingBoxTests {
        @Test(arguments: Interop.credentials)
        func `sing-box as client works with our exit`(credentials: Credentials) throws {
            let tunnelPort = try FreePort.next()
            let exit = try Node(Configuration.exit(port: tunnelPort, credentials), listeningOn: [tunnelPort])
            let proxyPort = try FreePort.next()
            let client = try SingBox.client(port: proxyPort, serverPort: tunnelPort, credentials)
            try Transfer.exercise(proxyPort: proxyPort, keepsHalfClose: false) { "\(client.log)\n\(exit.log)" }
            try exit.stop()
        }

        @Test(arguments: Interop.credentials)
        func `our client works with sing-box as server`(credentials: Credentials) throws {
            let serverPort = try FreePort.next()
            let server = try SingBox.server(port: serverPort, credentials)
            let proxyPort = try FreePort.next()
            let client = try Node(
                Configuration.client(port: proxyPort, serverPort: serverPort, credentials),
                listeningOn: [proxyPort]
            )
            try Transfer.exercise(proxyPort: proxyPort, keepsHalfClose: true) { "\(client.log)\n\(server.log)" }
            try client.stop()
        }
    }
}
