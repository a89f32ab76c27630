import CausewayBytes
import CausewayCrypto

/// What a datagram is told apart by: its session and its number there. It begins every datagram, encrypted as one block
/// (SIP022 section 3.2.1):
///
///     session u64be | number u64be
public struct PacketID: Hashable, Sendable {
    /// Random, and not zero.
    public var session: UInt64
    /// From zero on; none comes twice.
    public var number: UInt64

    static let count = 16

    public init(session: UInt64, number: UInt64) {
        self.session = session
        self.number = number
    }

    init(_ region: ByteRegion) {
        self.session = region.load(at: 0, as: UInt64.self)
        self.number = region.load(at: 8, as: UInt64.self)
    }

    func write(into region: ByteRegion) {
        region.store(self.session, at: 0)
        region.store(self.number, at: 8)
    }

    /// The nonce of an AES datagram: the last twelve bytes of its header.
    var nonce: Nonce {
        let low = UInt64(truncatingIfNeeded: self.session) << 32 | self.number >> 32
        return Nonce(low: low.bigEndian, high: UInt32(truncatingIfNeeded: self.number).bigEndian)
    }

    /// The identity of a key, hidden among those of other packets (SIP023 section 3.2): its own inverse.
    func masking(_ identity: KeyIdentity) -> KeyIdentity {
        KeyIdentity(low: identity.low ^ self.session.bigEndian, high: identity.high ^ self.number.bigEndian)
    }
}

extension KeyIdentity {
    /// Of 16 bytes.
    init(_ region: ByteRegion) {
        self.init(
            low: region.load(at: 0, as: UInt64.self).bigEndian,
            high: region.load(at: 8, as: UInt64.self).bigEndian
        )
    }

    func write(into region: ByteRegion) {
        region.store(self.low.bigEndian, at: 0)
        region.store(self.high.bigEndian, at: 8)
    }
}
