public import CausewayBytes

/// The bare AES block cipher, for identity headers and UDP headers. One instance belongs to one loop.
public protocol AESBlock: AnyObject {
    /// Encrypts the 16 bytes of `block` in place with the first `keyCount` (16 or 32) bytes of `key`.
    func encrypt(_ block: ByteRegion, key: Subkey, keyCount: Int)

    /// Decrypts the 16 bytes of `block` in place with the first `keyCount` (16 or 32) bytes of `key`.
    func decrypt(_ block: ByteRegion, key: Subkey, keyCount: Int)
}

/// The fastest block cipher that this binary has; `nil` when OpenSSL has no AES or no memory.
public func makeAESBlock() -> (any AESBlock)? { BoringSSLBlock() ?? OpenSSLBlock() }
