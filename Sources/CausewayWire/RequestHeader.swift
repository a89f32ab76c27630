public import CausewayBytes
public import CausewayCrypto

/// The start of a request stream (SIP022 section 3.1.3, SIP023):
///
///     salt[k] | identity header[16] × h | seal(fixed 11)+16 | seal(variable)+16
///     fixed    = type 00 | unix seconds u64be | length of variable u16be
///     variable = address | padding length u16be | padding | first payload
public enum RequestHeader {
    /// Bytes of `type | time | length`, and of its sealed form.
    static let fixedCount = 11
    static let sealedFixedCount = fixedCount + tagCount
    static let type: UInt8 = 0

    /// The most padding that a sender adds, in bytes.
    public static let maximumPadding = 900
    /// Free bytes that suffice before the first payload, whatever the method, chain (of up to 8), target and padding.
    public static let headroom = 32 + 8 * 16 + sealedFixedCount + Address.maximumEncodedCount + 2 + maximumPadding

    /// Bytes that stand before the first payload.
    public static func count(_ credentials: RequestCredentials, target: Address, padding: Int) -> Int {
        credentials.method.keyCount + 16 * credentials.hops.count + Self.sealedFixedCount + target.encodedCount + 2
            + padding
    }

    /// How much padding a first unit with `payloadCount` bytes of payload gets, out of 16 `random` bits: without
    /// payload 1 to 900 bytes, as one of the two must be there; with less than 900 as much as makes at most 900
    /// together; else none.
    public static func padding(payloadCount: Int, random: UInt16) -> Int {
        let least = payloadCount == 0 ? 1 : 0
        let most = max(Self.maximumPadding - payloadCount, 0)
        return least + (most > least ? Int(random) % (most - least + 1) : 0)
    }

    /// The most payload that fits into the header's own chunk.
    public static func maximumPayload(target: Address, padding: Int) -> Int {
        StreamSealer.maximumPayloadCount - target.encodedCount - 2 - padding
    }

    /// Writes and seals the header around the bytes of `region` at `payload` (possibly none), which need `count` free
    /// bytes before and 16 behind them. Returns the range of the whole first unit and the stream that goes on.
    ///
    /// - Parameter salt: as many random bytes as the method's salt has; the rest is ignored.
    public static func seal(
        _ region: ByteRegion,
        payload: Range<Int>,
        target: Address,
        padding: Int,
        salt: Salt,
        timestamp: UnixSeconds,
        credentials: RequestCredentials,
        with aead: any AEADBackend,
        _ aes: any AESBlock
    ) -> (unit: Range<Int>, stream: StreamSealer) {
        precondition(padding > 0 || !payload.isEmpty, "a request has padding or payload")
        precondition(payload.count <= Self.maximumPayload(target: target, padding: padding))
        let method = credentials.method
        let saltCount = method.keyCount
        let start = payload.lowerBound - Self.count(credentials, target: target, padding: padding)
        let saltRegion = region.region(start..<start + saltCount)
        salt.write(into: saltRegion)

        var offset = start + saltCount
        for hop in credentials.hops {
            let header = region.region(offset..<offset + 16)
            // Identities are in memory order, so they are stored as they are.
            header.store(hop.next.low.bigEndian, at: 0)
            header.store(hop.next.high.bigEndian, at: 8)
            let key = KeyDerivation.subkey(.identity, key: hop.key, salt: saltRegion, count: saltCount)
            aes.encrypt(header, key: key, keyCount: saltCount)
            offset += 16
        }

        let subkey = KeyDerivation.subkey(.session, key: credentials.userKey, salt: saltRegion, count: saltCount)
        var stream = StreamSealer(key: subkey, algorithm: method.algorithm, counter: 0)
        let variable = offset + Self.sealedFixedCount..<payload.upperBound + tagCount
        region[offset] = Self.type
        region.store(timestamp, at: offset + 1)
        region.store(UInt16(truncatingIfNeeded: variable.count - tagCount), at: offset + 9)
        stream.sealRecord(region.region(offset..<variable.lowerBound), with: aead)

        offset = variable.lowerBound
        offset += target.encode(into: region.region(offset..<payload.lowerBound))
        region.store(UInt16(truncatingIfNeeded: padding), at: offset)
        region.region(offset + 2..<payload.lowerBound).clear()
        stream.sealRecord(region.region(variable), with: aead)
        return (start..<variable.upperBound, stream)
    }
}
