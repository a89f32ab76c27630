import CausewayBytes
public import CausewayCrypto
public import CausewayWire

/// Ciphers and keys of a run: what a fuzzer invents is sealed under a key that the parser has, or nothing but tags would
/// ever be tested.
public struct Seals {
    // Safe: libFuzzer calls its target from one thread.
    private nonisolated(unsafe) static let shared = (aead: OpenSSLBackend(), aes: makeAESBlock())

    /// The wall clock of all runs.
    public static let clock: UnixSeconds = 1_700_000_000

    public let method: Method
    public let aead: OpenSSLBackend
    public let aes: any AESBlock
    public let serverKey: Secret
    public let userKey: Secret
    /// The method's salt, as it lies at the head of a stream.
    public let salt: [UInt8]

    /// The seals of one of the methods; `nil` where the library does not start.
    public init?(method number: UInt8) {
        guard let aead = Self.shared.aead, let aes = Self.shared.aes else { return nil }
        self.aead = aead
        self.aes = aes
        self.method = Method.allCases[Int(number) % Method.allCases.count]
        self.serverKey = Secret([UInt8](repeating: 1, count: self.method.keyCount))
        self.userKey = Secret([UInt8](repeating: 2, count: self.method.keyCount))
        self.salt = [UInt8](repeating: 3, count: self.method.keyCount)
    }

    /// The session's key for `key` and the salt.
    public func subkey(of key: Secret) -> Subkey {
        var salt = self.salt
        return salt.withByteRegion {
            KeyDerivation.subkey(.session, key: key, salt: $0, count: self.method.keyCount)
        }
    }

    /// The identity header that names the user.
    public func identityHeader() -> [UInt8] {
        var salt = self.salt
        let count = self.method.keyCount
        let key = salt.withByteRegion { KeyDerivation.subkey(.identity, key: self.serverKey, salt: $0, count: count) }
        var header = withUnsafeBytes(of: KeyDerivation.identity(of: self.userKey)) { Array($0) }
        header.withByteRegion { self.aes.encrypt($0, key: key, keyCount: count) }
        return header
    }

    /// `plain` sealed under the `counter`-th nonce, tag behind it.
    public func record(_ plain: some Sequence<UInt8>, key: Subkey, counter: UInt64) -> [UInt8] {
        var record = Array(plain) + [UInt8](repeating: 0, count: tagCount)
        record.withByteRegion {
            self.aead.seal($0, self.method.algorithm, key: key, nonce: Nonce(counter: counter))
        }
        return record
    }
}

extension FixedWidthInteger {
    /// The bytes of the integer, most significant first.
    public var bigEndianBytes: [UInt8] { withUnsafeBytes(of: self.bigEndian) { Array($0) } }
}
