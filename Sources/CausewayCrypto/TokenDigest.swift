import COpenSSL

/// The SHA-256 (FIPS 180-4) of a bearer token: what a configuration keeps, so that who reads it cannot use the API.
///
/// A fast hash is enough, as tokens are random and long: shorter ones than ``minimumCount`` match nothing.
public struct TokenDigest: Equatable, Sendable {
    /// Characters of a token at least.
    public static let minimumCount = 32
    private static let count = 32
    private static let prefix = "sha256:"

    /// Compared in constant time.
    private let bytes: Secret

    /// The digest that `sha256:` and 64 hexadecimal digits stand for.
    public init?(_ text: String) {
        guard text.hasPrefix(Self.prefix) else { return nil }
        let digits = text.utf8.dropFirst(Self.prefix.utf8.count).compactMap { byte in
            Character(UnicodeScalar(byte)).hexDigitValue
        }
        guard digits.count == Self.count * 2, text.utf8.count == Self.prefix.utf8.count + digits.count else {
            return nil
        }
        self.bytes = Secret((0..<Self.count).map { UInt8(digits[$0 * 2] << 4 | digits[$0 * 2 + 1]) })
    }

    /// The digest of a token; `nil` where it is too short to be one.
    public init?(of token: String) {
        guard token.utf8.count >= Self.minimumCount else { return nil }
        var digest = [UInt8](repeating: 0, count: Self.count)
        let token = Array(token.utf8)
        guard EVP_Digest(token, token.count, &digest, nil, EVP_sha256(), nil) == 1 else { return nil }
        self.bytes = Secret(digest)
    }
}

extension TokenDigest: CustomStringConvertible {
    public var description: String {
        let digits = Array("0123456789abcdef")
        return self.bytes.withBytes { bytes in
            Self.prefix + String(bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
        }
    }
}
