import Foundation
import TestSupport
import Testing

extension Interop {
    /// What `causeway share` prints, taken apart by somebody else's parsers, lets sing-box in.
    @Suite struct ShareTests {
        @Test(arguments: [MethodName.aes128, .aes256], ["uri", "sip008"])
        func `sing-box gets in with what share prints`(method: MethodName, form: String) throws {
            let directory = try TemporaryDirectory()
            let (port, proxyPort) = (try FreePort.next(), try FreePort.next())
            let exit = try Node(
                """
                listeners:
                  - { name: in, type: tunnel, address: "127.0.0.1:\(port)", method: \(method.rawValue), users: true, exit: out,
                      key: "\(Credentials.key(method))" }
                exits: [{ name: out, type: direct, allow: [127.0.0.0/8] }]
                ledger: { path: \(directory.file("ledger")) }
                admin: { socket: \(directory.file("admin.sock")) }

                """,
                listeningOn: [port]
            )
            func causeway(_ arguments: String...) throws -> String {
                let command = try Command.run([Binaries.causeway] + arguments + ["-c", exit.configurationFile])
                guard command.succeeded else { throw TestFailure("\(arguments): \(command.errorText)") }
                return String(decoding: command.output, as: UTF8.self)
            }
            let length = method == .aes128 ? "16" : "32"
            _ = try causeway("user", "add", "zoë", "--key-bytes", length)
            let found: (method: String?, password: String?, port: Int?)
            if form == "uri" {
                let text = try causeway("share", "zoë", "--host", "127.0.0.1")
                let uri = try #require(URLComponents(string: text.trimmingCharacters(in: .newlines)))
                #expect(uri.scheme == "ss" && uri.host == "127.0.0.1" && uri.fragment == "zoë", "\(text)")
                found = (uri.user, uri.password, uri.port)
            } else {
                let text = try causeway("share", "zoë", "--host", "127.0.0.1", "--sip008")
                let list = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
                let server = try #require((list?["servers"] as? [[String: Any]])?.first, "\(text)")
                #expect(list?["version"] as? Int == 1 && server["remarks"] as? String == "zoë", "\(text)")
                found = (server["method"] as? String, server["password"] as? String, server["server_port"] as? Int)
            }
            #expect(found.method == method.rawValue && found.port == Int(port))
            let keys = try #require(found.password)
            let client = try SingBox.client(port: proxyPort, serverPort: port, method, keys: keys)
            try Transfer.exercise(proxyPort: proxyPort, keepsHalfClose: false) { "\(client.log)\n\(exit.log)" }
            try exit.stop()
        }
    }
}
