import CausewayBytes
import CausewayConfig
import CausewayCrypto
import CausewayWire
import TestSupport

@testable import CausewayNode

/// The configurations of entries, and customers of theirs who show the tests every byte.
enum LocalRelay {
    static let relayKey = Self.text(0x11)
    static let accessKey = Self.text(0x22)
    static let exitKey = Self.text(0x33)
    static let userKey = Self.text(0x55)

    static func text(_ byte: UInt8) -> String { Base64.encode([UInt8](repeating: byte, count: 16)) }

    static func key(_ byte: UInt8) -> Secret { Secret([UInt8](repeating: byte, count: 16)) }

    /// A relay on `port` whose next hop is at `server`.
    static func relay(
        port: UInt16,
        server: String,
        users: Bool = false,
        reject: String = "drain",
        exit: String = ""
    ) -> String {
        """
        listeners:
          - name: in
            type: relay
            address: "127.0.0.1:\(port)"
            key: "\(self.relayKey)"
            users: \(users)
            reject: \(reject)
            next: [{ key: "\(self.exitKey)", exit: out }]
            timeouts: { handshake: 2 s }
        exits:
          - { name: out, type: tunnel, server: "\(server)"\(exit) }
        loops: 2

        """ + (users ? "users: [{ name: alice, key: \"\(self.accessKey)\" }]\n" : "")
    }

    /// An exit on `port` whose one user has `key`.
    static func exit(port: UInt16, key: String = LocalRelay.exitKey, more: String = "") -> String {
        """
        listeners:
          - name: public
            type: tunnel
            address: "127.0.0.1:\(port)"
            key: "\(key)"
            exit: out
        exits: [{ name: out, type: direct, allow: ["127.0.0.0/8"] }]
        \(more)
        """
    }

    /// A client on `port` whose chain of keys begins at `server`.
    static func client(port: UInt16, server: UInt16, keys: String) -> String {
        """
        listeners: [{ name: local, type: mixed, address: "127.0.0.1:\(port)", exit: abroad }]
        exits: [{ name: abroad, type: tunnel, server: "127.0.0.1:\(server)", keys: "\(keys)" }]
        """
    }

    /// Salt and identity headers for a relay, and what it has to send on: the salt. Behind them comes whatever the test
    /// likes, for the relay does not read it.
    static func identity(seed: UInt64, keys: [Secret]) throws -> (wire: [UInt8], salt: [UInt8]) {
        guard let aes = makeAESBlock(), let aead = OpenSSLBackend(), let userKey = keys.last else {
            throw TestFailure("no cipher")
        }
        var salt = Salt()
        salt.words[0] = seed
        salt.words[1] = ~seed
        var buffer = [UInt8](repeating: 0, count: 4096)
        let (unit, _) = buffer.withByteRegion { region in
            RequestHeader.seal(
                region,
                payload: 2048..<2048,
                target: Address(host: .ip(.v4(0x7f00_0001)), port: 1),
                padding: 1,
                salt: salt,
                timestamp: 0,
                credentials: RequestCredentials(
                    method: .aes128GCM,
                    identityKeys: Array(keys.dropLast()),
                    userKey: userKey
                ),
                with: aead,
                aes
            )
        }
        let wire = Array(buffer[unit])
        return (Array(wire[..<(16 + 16 * (keys.count - 1))]), Array(wire[..<16]))
    }
}

extension LocalNode {
    /// What the listener with this name has moved.
    func traffic(of listener: String) -> TrafficCounters.Totals {
        let found = self.node.plan.present.listeners.first { $0.name == listener }
        return TrafficCounters.totals(found?.traffic ?? [])
    }

    /// What the exit with this name has moved.
    func exitTraffic(of exit: String) -> TrafficCounters.Totals {
        let found = self.node.plan.present.exits.first { $0.name == exit }
        return TrafficCounters.totals(found?.traffic ?? [])
    }

    func warmth(of exit: String) -> WarmCounters.Totals {
        let found = self.node.plan.present.exits.first { $0.name == exit }
        return WarmCounters.totals(found?.warmth ?? [])
    }

    func member(_ exit: String) -> GroupMember? {
        self.node.plan.present.groups.first?.group.members.first { $0.exit.name == exit }
    }
}

/// A SOCKS5 client without a user that connects to a port of this machine.
struct SOCKSDial {
    let socket: LoopbackSocket
    /// The reply's code; zero for success.
    let reply: UInt8

    init(proxy: UInt16, port: UInt16) throws {
        self.socket = try LoopbackSocket(connectingTo: proxy)
        try self.socket.write([5, 1, 0])
        _ = try self.socket.read(exactly: 2)
        try self.socket.write([5, 1, 0, 1, 127, 0, 0, 1, UInt8(port >> 8), UInt8(port & 0xff)])
        self.reply = try self.socket.read(exactly: 10)[1]
    }
}
