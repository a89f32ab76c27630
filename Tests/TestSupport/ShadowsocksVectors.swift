/// `ss2022_vectors.json`, with the names of the file; byte strings are hexadecimal.
public struct ShadowsocksVectors: Decodable, Sendable {
    /// A subkey of a pre-shared key and a salt or session id.
    public struct Derivation: Decodable, Sendable {
        public let context, psk, salt, subkey: String
    }

    /// The identity of a pre-shared key.
    public struct KeyHash: Decodable, Sendable {
        public let name, psk, identity: String
    }

    /// The nonce of a counter, which is decimal text for it may need 96 bits.
    public struct CounterNonce: Decodable, Sendable {
        public let counter, nonce: String
    }

    /// An address and its SOCKS5 encoding.
    public struct EncodedAddress: Decodable, Sendable {
        public let host, encoded: String
        public let port: UInt16
    }

    /// A chunk that follows a header.
    public struct Chunk: Decodable, Sendable {
        public let payload, wire: String
    }

    /// A host and a port, in the file an array of two.
    public struct Target: Decodable, Sendable {
        public let host: String
        public let port: UInt16

        public init(from decoder: any Decoder) throws {
            var fields = try decoder.unkeyedContainer()
            self.host = try fields.decode(String.self)
            self.port = try fields.decode(UInt16.self)
        }
    }

    /// A request stream.
    public struct Request: Decodable, Sendable {
        public let name, method, salt, padding, payload, wire: String
        public let psks: [String]
        public let timestamp: UInt64
        public let target: Target
        public let following_chunks: [Chunk]
    }

    /// A request stream or a datagram at a blind relay, as it comes in and as it goes on.
    public struct Relayed: Decodable, Sendable {
        public let name, method, relay_ipsk, next_psk, received, forwarded: String
    }

    /// A response stream.
    public struct Response: Decodable, Sendable {
        public let name, method, psk, salt, request_salt, payload, wire: String
        public let timestamp: UInt64
        public let following_chunks: [Chunk]
    }

    /// A datagram of a client.
    public struct ClientPacket: Decodable, Sendable {
        public let name, method, client_session_id, padding, payload, wire: String
        public let psks: [String]
        public let packet_id, timestamp: UInt64
        public let target: Target
        public let nonce: String?
    }

    /// A datagram of a server.
    public struct ServerPacket: Decodable, Sendable {
        public let name, method, psk, server_session_id, client_session_id, padding, payload, wire: String
        public let packet_id, timestamp: UInt64
        public let source: Target
        public let nonce: String?
    }

    /// Packet numbers in the order in which they come, and whether each is accepted.
    public struct Window: Decodable, Sendable {
        public let name: String
        public let window: UInt64
        public let packets: [Arrival]
    }

    /// A packet number, which may be beyond what JSON's numbers hold, and the verdict.
    public struct Arrival: Decodable, Sendable {
        public let number: UInt64
        public let isAccepted: Bool

        public init(from decoder: any Decoder) throws {
            var container = try decoder.unkeyedContainer()
            self.number = UInt64(try container.decode(String.self)) ?? 0
            self.isAccepted = try container.decode(Bool.self)
        }
    }

    /// Chunks in the middle of a stream.
    public struct Carry: Decodable, Sendable {
        public let method, subkey: String
        public let first_counter: UInt64
        public let payloads, wire: [String]
    }

    /// A stream and what a receiver has to do with it.
    public struct Case: Decodable, Sendable {
        public let name, expect, wire: String
    }

    /// Requests that a server has to judge.
    public struct NegativeRequests: Decodable, Sendable {
        public let method, psk: String
        public let clock: UInt64
        public let cases: [Case]
    }

    /// Responses that a client has to judge.
    public struct NegativeResponses: Decodable, Sendable {
        public let method, psk, request_salt: String
        public let clock: UInt64
        public let cases: [Case]
    }

    public let kdf: [Derivation]
    public let psk_hash: [KeyHash]
    public let nonce_counter: [CounterNonce]
    public let address: [EncodedAddress]
    public let tcp_requests: [Request]
    public let tcp_relay: [Relayed]
    public let tcp_responses: [Response]
    public let stream_nonce_carry: [Carry]
    public let udp_client_packets: [ClientPacket]
    public let udp_server_packets: [ServerPacket]
    public let udp_relay: [Relayed]
    public let sliding_window: [Window]
    public let negative_tcp_requests: NegativeRequests
    public let negative_tcp_responses: NegativeResponses

    private static let loaded = Result { try Vectors.load("ss2022_vectors", as: ShadowsocksVectors.self) }

    /// The vectors, read once.
    public static func load() throws -> ShadowsocksVectors { try Self.loaded.get() }
}
