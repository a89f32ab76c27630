/// A Shadowsocks 2022 method (SIP022): the AEAD and the width of everything that is made from a key.
public enum Method: String, CaseIterable, Sendable {
    case aes128GCM = "2022-blake3-aes-128-gcm"
    case aes256GCM = "2022-blake3-aes-256-gcm"
    case chaCha20Poly1305 = "2022-blake3-chacha20-poly1305"

    /// Bytes of a key, a salt and a session subkey, which are as wide as each other.
    public var keyCount: Int {
        switch self {
        case .aes128GCM: 16
        case .aes256GCM, .chaCha20Poly1305: 32
        }
    }

    /// Whether several users can share a port (SIP023): identity headers are AES blocks.
    public var hasIdentityHeaders: Bool {
        switch self {
        case .aes128GCM, .aes256GCM: true
        case .chaCha20Poly1305: false
        }
    }
}

extension Method {
    /// The method where none is named: mandatory for every server, and the cheapest on a CPU with AES.
    public static let standard = Method.aes128GCM
}
