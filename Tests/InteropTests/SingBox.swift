import Foundation
import TestSupport

/// A running sing-box, ended when the test lets go of it.
final class SingBox: Sendable {
    private let directory: TemporaryDirectory
    private let process: ChildProcess

    /// Starts it with one inbound and one outbound and waits until it listens.
    private init(inbound: [String: Any], outbound: [String: Any], port: UInt16) throws {
        guard let program = Binaries.singBox else { throw TestFailure("no sing-box") }
        let configuration: [String: Any] = [
            "log": ["level": "warn"], "inbounds": [inbound], "outbounds": [outbound],
        ]
        let directory = try TemporaryDirectory()
        let text = String(decoding: try JSONSerialization.data(withJSONObject: configuration), as: UTF8.self)
        let file = try directory.write(text, to: "sing-box.json", mode: 0o600)
        let process = try ChildProcess([program, "run", "--disable-color", "-c", file])
        self.directory = directory
        self.process = process
        guard Deadline.wait(20, until: { process.exitStatus != nil || ProcessStatus.isListening(port: port) }),
            process.exitStatus == nil
        else { throw TestFailure("sing-box does not run:\n\(process.errorText)") }
    }

    /// A client: `mixed` on `port`, Shadowsocks to `serverPort`.
    static func client(port: UInt16, serverPort: UInt16, _ credentials: Credentials) throws -> SingBox {
        try self.client(port: port, serverPort: serverPort, credentials.method, keys: credentials.keys)
    }

    /// A client with this chain of keys.
    static func client(port: UInt16, serverPort: UInt16, _ method: MethodName, keys: String) throws -> SingBox {
        try SingBox(
            inbound: ["type": "mixed", "listen": "127.0.0.1", "listen_port": Int(port)],
            outbound: [
                "type": "shadowsocks", "server": "127.0.0.1", "server_port": Int(serverPort),
                "method": method.rawValue, "password": keys,
            ],
            port: port
        )
    }

    /// A blind relay on `port` to the server on `serverPort`.
    static func relay(port: UInt16, serverPort: UInt16, _ entry: Entry) throws -> SingBox {
        let next: [String: Any] = [
            "name": "next", "server": "127.0.0.1", "server_port": Int(serverPort),
            "password": entry.exit.serverKey,
        ]
        return try SingBox(
            inbound: [
                "type": "shadowsocks", "listen": "127.0.0.1", "listen_port": Int(port),
                "method": entry.exit.method.rawValue, "password": entry.key, "destinations": [next],
            ],
            outbound: ["type": "direct"],
            port: port
        )
    }

    /// A server: Shadowsocks on `port`, straight to the target.
    static func server(port: UInt16, _ credentials: Credentials) throws -> SingBox {
        var inbound: [String: Any] = [
            "type": "shadowsocks", "listen": "127.0.0.1", "listen_port": Int(port),
            "method": credentials.method.rawValue, "password": credentials.serverKey,
        ]
        if !credentials.users.isEmpty {
            inbound["users"] = credentials.users.map { ["name": $0.name, "password": $0.key] }
        }
        return try SingBox(inbound: inbound, outbound: ["type": "direct"], port: port)
    }

    /// What it has logged.
    var log: String { self.process.errorText }
}
