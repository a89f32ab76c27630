import CausewayBytes
import CausewayCrypto

/// Opens the identity header in `header`, in place: whose key comes next in the chain (SIP023 section 3.1).
///
/// - Parameters:
///   - header: 16 bytes.
///   - key: that of the hop that reads the header.
///   - salt: the request's, as wide as the key.
func openIdentityHeader(
    _ header: ByteRegion,
    key: Secret,
    salt: ByteRegion,
    with aes: any AESBlock
) -> KeyIdentity {
    let subkey = KeyDerivation.subkey(.identity, key: key, salt: salt, count: salt.count)
    aes.decrypt(header, key: subkey, keyCount: salt.count)
    return KeyIdentity(
        low: header.load(at: 0, as: UInt64.self).bigEndian,
        high: header.load(at: 8, as: UInt64.self).bigEndian
    )
}
