import CausewayBytes
import CausewayConfig
import CausewayCrypto
import CausewayWire
import Logging
import TestSupport

@testable import CausewayNode

/// A node in this process, stopped when the test lets go of it.
final class LocalNode {
    let node: CausewayNode.Node
    private let directory: TemporaryDirectory

    init(_ text: String) throws {
        let directory = try TemporaryDirectory()
        self.directory = directory
        let file = try directory.write(text, to: "node.yaml", mode: 0o600)
        let configuration = try CausewayConfig.Configuration.load(path: file)
        self.node = try CausewayNode.Node(
            configuration: configuration,
            version: "test",
            source: ConfigurationSource { () throws(ConfigurationError) in
                try CausewayConfig.Configuration.load(path: file)
            },
            logger: Logger(label: "test") { _ in
                SwiftLogNoOpLogHandler()
            }
        )
        try self.node.start()
    }

    /// Gives it another configuration.
    func reload(_ text: String) throws {
        try self.directory.write(text, to: "node.yaml", mode: 0o600)
        try self.node.reload()
    }

    deinit {
        self.node.stop()
    }
}

/// A Shadowsocks client that shows the tests every byte: what it sends is made by the wire's own types.
struct RawClient {
    static let method = Method.aes128GCM
    static let keyText = "UFFSU1RVVldYWVpbXF1eXw=="

    let aead: any AEADBackend
    private let aes: any AESBlock
    private let credentials: RequestCredentials
    private let salt: Salt
    private var sealer: StreamSealer?

    /// - Parameters:
    ///   - identityKeys: those of the hops before the last key's owner, where there are users.
    ///   - userKey: the last key.
    init(seed: UInt64, identityKeys: [Secret] = [], userKey: Secret = Secret(Array(0x50...0x5f))) throws {
        guard let aead = OpenSSLBackend(), let aes = makeAESBlock() else { throw TestFailure("no cipher") }
        self.aead = aead
        self.aes = aes
        self.credentials = RequestCredentials(method: Self.method, identityKeys: identityKeys, userKey: userKey)
        var salt = Salt()
        salt.words[0] = seed
        salt.words[1] = seed &* 0x9e37_79b9_7f4a_7c15
        self.salt = salt
    }

    /// A request header for `port` of loopback with padding and no payload.
    mutating func header(port: UInt16, timestamp: UInt64) -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let target = Address(host: .ip(.v4(0x7f00_0001)), port: port)
        let (unit, stream) = buffer.withByteRegion { region in
            RequestHeader.seal(
                region,
                payload: 2048..<2048,
                target: target,
                padding: 7,
                salt: self.salt,
                timestamp: timestamp,
                credentials: self.credentials,
                with: self.aead,
                self.aes
            )
        }
        self.sealer = stream
        return Array(buffer[unit])
    }

    /// One chunk with `payload`.
    mutating func chunk(_ payload: [UInt8]) -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: 18) + payload + [UInt8](repeating: 0, count: 16)
        let aead = self.aead
        let range = 18..<18 + payload.count
        let unit = buffer.withByteRegion { region in self.sealer?.seal(region, payload: range, with: aead) }
        return unit.map { Array(buffer[$0]) } ?? []
    }

    /// Reads one response from `socket` until it has `count` bytes of payload.
    func response(from socket: LoopbackSocket, count: Int, clock: UInt64) throws -> [UInt8] {
        let request = ResponseHeader.Request(method: Self.method, key: self.credentials.userKey, salt: self.salt)
        var received: [UInt8] = []
        var payload: [UInt8] = []
        var opener: StreamOpener?
        while payload.count < count {
            guard case .bytes(let bytes) = socket.read() else { throw TestFailure("the response ends early") }
            received += bytes
            if opener == nil {
                opener = try received.withByteRegion { region in
                    try ResponseHeader.open(region, to: request, now: clock, with: self.aead)
                }
                if opener != nil { received.removeFirst(ResponseHeader.count(Self.method)) }
            }
            let regions = RegionList(capacity: 1024)
            let done = try received.withByteRegion { region in
                let done = try opener?.open(region, into: regions, with: self.aead) ?? 0
                for index in 0..<regions.count { payload += regions[index].array() }
                return done
            }
            received.removeFirst(done)
        }
        return payload
    }
}
