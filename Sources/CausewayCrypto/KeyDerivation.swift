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
                    0xae31_821a, 0x6aa3_75ee, 0xea62_27a3, 0x8e45_be62, 0xbb30_9d21, 0xed8a_e6db, 0xf7c9_739c,
                    0x5f62_a76a,
                ]
            case .identity:
                [
                    0xeafe_3e97, 0x2d4d_79ac, 0x3c74_8dfd, 0x52c0_c5c8, 0xdab8_c75c, 0xba03_e200, 0x877f_3be0,
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
