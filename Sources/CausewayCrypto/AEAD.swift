public import CausewayBytes

/// The three ciphers of Shadowsocks 2022 streams, each with a 12-byte nonce, a 16-byte tag and no associated data.
public enum AEADAlgorithm: UInt8, CaseIterable, Sendable {
    case aes128GCM
    case aes256GCM
    case chaCha20Poly1305
}

/// Twelve bytes of nonce in memory order.
public struct Nonce: Sendable {
    public var low: UInt64
    public var high: UInt32

    public init(low: UInt64, high: UInt32) {
        self.low = low
        self.high = high
    }

    /// The `counter`-th nonce of a stream: a little-endian 96-bit counter (SIP022 section 3.1). 64 bits of it suffice,
    /// for no stream lives long enough to carry.
    @inline(__always)
    public init(counter: UInt64) {
        self.low = counter.littleEndian
        self.high = 0
    }
}

/// Seals and opens records where they lie. One instance belongs to one loop.
public protocol AEADBackend: AnyObject {
    /// The library behind it, for `causeway version` and `status`.
    var name: String { get }

    /// Encrypts all but the last 16 bytes of `record` and puts the tag there.
    func seal(_ record: ByteRegion, _ algorithm: AEADAlgorithm, key: Subkey, nonce: Nonce)

    /// Decrypts all but the last 16 bytes of `record`, which are the tag. `false`, and the bytes are worthless, when it
    /// does not fit.
    func open(_ record: ByteRegion, _ algorithm: AEADAlgorithm, key: Subkey, nonce: Nonce) -> Bool
}

/// Bytes of an AEAD tag.
public let tagCount = 16
