import Foundation
import TestSupport
import Testing

extension EndToEnd {
    /// The admin's day, as the documentation tells it.
    @Suite struct AdminDayTests {
        @Test func `add, share, look, top up, rotate, remove`() throws {
            let directory = try TemporaryDirectory()
            let ports = (try FreePort.next(), try FreePort.next())
            let serverKey = Credentials.key(.aes128)
            let socket = directory.file("admin.sock")
            let configuration = """
                listeners:
                  - { name: public, type: tunnel, address: "127.0.0.1:\(ports.0)", key: "\(serverKey)", users: true, exit: out }
                exits: [{ name: out, type: direct, allow: [127.0.0.0/8] }]
                ledger: { path: \(directory.file("ledger")) }
                admin: { socket: \(socket) }

                """
            let exit = try Node(configuration, listeningOn: [ports.0])
            func causeway(_ arguments: [String]) throws -> String {
                let command = try Command.run([Binaries.causeway] + arguments)
                guard command.succeeded else { throw TestFailure("\(arguments): \(command.errorText)") }
                return String(decoding: command.output, as: UTF8.self)
            }
            func causeway(_ arguments: String...) throws -> String { try causeway(arguments) }
            func client(_ keys: String) throws -> Node {
                try Node(
                    Configuration.client(port: ports.1, serverPort: ports.0, method: .aes128, keys: keys),
                    listeningOn: [ports.1]
                )
            }
            let added = try causeway("user", "add", "alice b", "--quota", "1 MB", "--socket", socket)
            let key = try #require(added.split(separator: "\n").last?.split(separator: " ").last)
            let uri = try causeway("share", "alice b", "-c", exit.configurationFile, "--host", "10.0.0.1")
            let password = "\(serverKey):\(key)".replacing("+", with: "%2B").replacing("/", with: "%2F")
                .replacing("=", with: "%3D").replacing(":", with: "%3A")
            #expect(uri == "ss://2022-blake3-aes-128-gcm:\(password)@10.0.0.1:\(ports.0)#alice%20b\n")
            // A day ends by the user's own midnight, unless another zone is named: 2030-02-01 in Berlin, and in New York.
            _ = try causeway("user", "set", "alice b", "--zone", "Europe/Berlin", "--socket", socket)
            let days: [([String], Int64)] = [([], 1_896_130_800), (["--zone", "America/New_York"], 1_896_152_400)]
            for (zone, end) in days {
                _ = try causeway(["user", "set", "alice b", "--expires", "2030-01-31", "--socket", socket] + zone)
                let shown = try causeway("user", "show", "alice b", "--json", "--socket", socket)
                let user = try UserShown([UInt8](shown.utf8))
                #expect(user.expires == end)
            }
            let echo = try LoopbackServer.echo()
            let first = try client("\(serverKey):\(key)")
            let session = try LoopbackSocket.session(via: ports.1, to: echo.port)
            try session.write([UInt8](repeating: 1, count: 1_000))
            _ = try session.read(exactly: 1_000)
            let sessions = try causeway("sessions", "--user", "alice b", "--socket", socket)
            #expect(
                sessions.contains("alice b  public    out   relaying") && sessions.contains("1000 B"),
                "\(sessions)"
            )
            #expect(try causeway("sessions", "--user", "bob", "--socket", socket).split(separator: "\n").count == 1)
            let usage = try causeway("usage", "alice b", "--hourly", "--socket", socket)
            #expect(usage.contains("1.0 kB") && usage.contains("2.0 kB"), "\(usage)")
            let topUp = try causeway("user", "topup", "alice b", "50 MB", "--socket", socket)
            #expect(topUp == "alice b: 50 MB more until the end of the cycle\n")
            let metrics = try Command.run([
                "curl", "--silent", "--unix-socket", socket, "http://node/metrics?users=true",
            ])
            let page = String(decoding: metrics.output, as: UTF8.self)
            #expect(page.contains("causeway_user_bytes_total{direction=\"down\",user=\"alice b\"} 1000\n"))
            // The session that the old key has opened ends, and only the new key opens another one.
            let keys = try causeway("user", "rotate", "alice b", "--socket", socket)
            #expect(session.read() == .reset)
            try first.stop()
            let second = try client("\(serverKey):\(keys.split(separator: "\n")[0])")
            let again = try LoopbackSocket.session(via: ports.1, to: echo.port)
            try again.write([7])
            #expect(try again.read(exactly: 1) == [7])
            #expect(try causeway("user", "remove", "alice b", "--yes", "--socket", socket) == "removed alice b\n")
            #expect(again.read() == .reset)
            try second.stop()
            try exit.stop()
        }
    }
}
