public import CausewayCrypto

extension Method {
    /// The cipher of the method's TCP streams.
    public var algorithm: AEADAlgorithm {
        switch self {
        case .aes128GCM: .aes128GCM
        case .aes256GCM: .aes256GCM
        case .chaCha20Poly1305: .chaCha20Poly1305
        }
    }
}
