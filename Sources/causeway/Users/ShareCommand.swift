import ArgumentParser
import CausewayAdmin
import CausewayBytes
import CausewayConfig
import CausewayCrypto
import CausewayWire
import FoundationEssentials

/// `causeway share`: what a user needs to get in.
struct ShareCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "share",
        abstract: "Print what a user's client needs: a URI, a QR code or SIP008.",
        discussion: """
            The listener's keys come from the configuration, the user's from the running node. Behind a blind relay the \
            client also needs the key of the exit and, where that has users, the user's key there: --exit-user-key.
            """
    )

    @Argument(help: "The user's name.") var name: String
    @Option(name: .shortAndLong, help: "The node's configuration.", completion: .file()) var config: String
    @Option(help: "The host that the user connects to, a name or an address.") var host: String
    @Option(help: "The port; the listener's where there is none.") var port: UInt16?
    @Option(help: "The listener; the first that has users and keys.") var listener: String?
    @Option(help: "At a relay, the exit; the first next hop.") var exit: String?
    @Option(help: "At a relay, the user's key at the exit.") var exitUserKey: String?
    @Option(help: "What the client calls the server; the user's name where there is none.") var label: String?
    @Option(help: "The path of the admin socket; the configuration's where there is none.", completion: .file())
    var socket: String?
    @Flag(help: "Print a QR code as well.") var qr = false
    @Flag(help: "Print SIP008 (JSON) instead.") var sip008 = false

    func run() throws {
        let configuration = try ConfigurationFile.load(self.config)
        let (listener, method, before, after) = try self.chain(configuration)
        guard let socket = self.socket ?? configuration.admin.socket else {
            throw AdminOptions.noSocket(in: self.config)
        }
        try AdminOptions.ask(.socket(path: socket)) { client in
            let keys = try client.get(AdminClient.path(ofUser: self.name) + "/keys", as: UserKeys.self)
            let fitting = keys.keys.first { Base64.decode($0.key)?.count == method.keyCount && $0.expires == nil }
            guard let key = fitting else {
                throw AdminError.refused(reason: "\"\(self.name)\" has no key of \(method.keyCount) bytes")
            }
            let uri = ServerURI(
                method: method,
                password: (before + [key.key] + after).joined(separator: ":"),
                host: self.host,
                port: self.port ?? listener.addresses.first?.port ?? 0,
                name: self.label ?? self.name
            )
            if self.sip008 { return try JSONText.print(ServerList(uri)) }
            print(uri.text)
            guard self.qr else { return }
            guard let code = QRCode(uri.text) else { throw AdminError.refused(reason: "too long for a QR code") }
            for line in code.lines { print(line) }
        }
    }

    /// The listener, and the keys around the user's in the chain.
    private func chain(
        _ configuration: Configuration
    ) throws -> (Configuration.Listener, CausewayWire.Method, [String], [String]) {
        for listener in configuration.listeners where self.listener == nil || listener.name == self.listener {
            switch listener.kind {
            case .tunnel(let method, let key, true, _):
                return (listener, method, [Self.text(key)], [])
            case .relay(let relay) where relay.users:
                guard let next = relay.next.first(where: { self.exit == nil || $0.exit == self.exit }) else {
                    throw ValidationError("\(listener.name) has no next hop by the exit \"\(self.exit ?? "")\".")
                }
                return (
                    listener, relay.method, [Self.text(relay.key)],
                    [Self.text(next.key)] + (self.exitUserKey.map { [$0] } ?? [])
                )
            default: continue
            }
        }
        let name = self.listener.map { " \"\($0)\"" } ?? ""
        throw ValidationError("\(self.config) has no listener\(name) that knows users by keys.")
    }

    private static func text(_ key: Secret) -> String { key.withBytes { Base64.encode($0) } }
}

/// A list of servers that clients fetch or import (SIP008).
struct ServerList: Encodable {
    struct Server: Encodable {
        var id: String
        var remarks: String
        var server: String
        var serverPort: UInt16
        var password: String
        var method: String
    }

    var version = 1
    var servers: [Server]

    init(_ uri: ServerURI) {
        self.servers = [
            Server(
                id: UUID().uuidString.lowercased(),
                remarks: uri.name,
                server: uri.host,
                serverPort: uri.port,
                password: uri.password,
                method: uri.method.rawValue
            )
        ]
    }
}
