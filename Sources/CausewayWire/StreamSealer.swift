public import CausewayBytes
public import CausewayCrypto

/// One direction of a Shadowsocks 2022 stream, on the sending side (SIP022 section 3.1.1).
///
/// A chunk is sealed where its payload lies, which needs room around it:
///
///     18 bytes before              n bytes      16 bytes behind
///     seal(length u16be)[2+16]  |  payload   |  tag
public struct StreamSealer: Sendable {
    /// Free bytes that a payload needs before it.
    @inlinable public static var headroom: Int { 2 + tagCount }
    /// Free bytes that a payload needs behind it.
    @inlinable public static var tailroom: Int { tagCount }
    /// The most payload bytes of one chunk.
    public static let maximumPayloadCount = 65535

    private let key: Subkey
    private let algorithm: AEADAlgorithm
    private var counter: UInt64

    /// A stream under `key` whose next nonce is `counter`.
    public init(key: Subkey, algorithm: AEADAlgorithm, counter: UInt64) {
        self.key = key
        self.algorithm = algorithm
        self.counter = counter
    }

    /// Seals the 1 to 65,535 bytes of `region` at `payload` as one chunk and returns the chunk's range.
    public mutating func seal(_ region: ByteRegion, payload: Range<Int>, with aead: any AEADBackend) -> Range<Int> {
        precondition(payload.count >= 1 && payload.count <= Self.maximumPayloadCount)
        let chunk = payload.lowerBound - Self.headroom..<payload.upperBound + Self.tailroom
        region.store(UInt16(truncatingIfNeeded: payload.count), at: chunk.lowerBound)
        self.sealRecord(region.region(chunk.lowerBound..<payload.lowerBound), with: aead)
        self.sealRecord(region.region(payload.lowerBound..<chunk.upperBound), with: aead)
        return chunk
    }

    /// Seals all but the last 16 bytes of `record` under the next nonce.
    mutating func sealRecord(_ record: ByteRegion, with aead: any AEADBackend) {
        aead.seal(record, self.algorithm, key: self.key, nonce: Nonce(counter: self.counter))
        self.counter += 1
    }
}
