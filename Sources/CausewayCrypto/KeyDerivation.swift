public import CausewayBytes

/// The two derivations and the hash of Shadowsocks 2022 (SIP022 section 2.2, SIP023), each one BLAKE3 compression.
public enum KeyDerivation {
    /// What a derived key is for: BLAKE3's derive_key context, given as its hash.
    public enum Context: Sendable {
        /// `shadowsocks 2022 session subkey`
        case session
        /// `shadowsocks 2022 identity subkey`
        case identity

        var key: BLAKE3.ChainingValue {
            switch self {
            case .session:
                [
                    0x31ae_821a, 0xa375_eea4, 0xea62_276a, 0x218e_45be, 0x86bb_309d, 0xed8a_e6db, 0x9af9_739c,
                    0x5f62_6ac7,
                ]
            case .identity:
                [
                    0xacfe_3e97, 0xf82d_4d79, 0xc544_3716, 0x5952_c0c8, 0xdab8_c75c, 0xba33_e200, 0x7b7e_f803,
                    0xb5a6_ad68,
                ]
            }
        }
    }

    /// The key of `count` bytes (16 or 32) for `context` out of a pre-shared key and a salt or session id, which
    /// together are at most 64 bytes.
    public static func subkey(_ context: Context, key: Secret, salt: ByteRegion, count: Int) -> Subkey {
        precondition(key.count + salt.count <= 64)
        var block = BLAKE3.Block(repeating: 0)
        withUnsafeMutableBytes(of: &block) { bytes in
            let material = ByteRegion(bytes)
            key.withBytes { key in bytes.copyMemory(from: key) }
            material.copy(salt, to: key.count)
        }
        let output = BLAKE3.compress(
            context.key,
            Self.words(block),
            counter: 0,
            byteCount: key.count + salt.count,
            flags: [.chunkStart, .chunkEnd, .root, .deriveKeyMaterial]
        )
        return Subkey(output, count: count)
    }

    /// What identifies a pre-shared key in an identity header: the first 16 bytes of its BLAKE3 hash.
    public static func identity(of key: Secret) -> KeyIdentity {
        precondition(key.count <= 64, "a key fits a block of the hash")
        var block = BLAKE3.Block(repeating: 0)
        withUnsafeMutableBytes(of: &block) { bytes in
            key.withBytes { key in bytes.copyMemory(from: key) }
        }
        let output = BLAKE3.compress(
            BLAKE3.initialValue,
            Self.words(block),
            counter: 0,
            byteCount: key.count,
            flags: [.chunkStart, .chunkEnd, .root]
        )
        let subkey = Subkey(output, count: 16)
        return KeyIdentity(low: subkey.words[0], high: subkey.words[1])
    }

    /// The little-endian words of bytes that were copied into `block`.
    private static func words(_ block: BLAKE3.Block) -> BLAKE3.Block {
        var block = block
        for index in 0..<16 { block[index] = UInt32(littleEndian: block[index]) }
        return block
    }
}

/// The 16 bytes that name a key in an identity header, in memory order.
public struct KeyIdentity: Hashable, Sendable {
    public var low: UInt64
    public var high: UInt64

    public init(low: UInt64, high: UInt64) {
        self.low = low
        self.high = high
    }
}
