public import CausewayBytes
public import CausewayCrypto

/// Where the admin API is served.
public enum AdminEndpoint: Sendable {
    /// A Unix socket, for whom its mode lets in.
    case socket(path: String)
    /// An address, for whoever has one of the tokens.
    case remote(SocketAddress, tokens: [TokenDigest])

    /// What messages call it.
    var name: String {
        switch self {
        case .socket(let path): path
        case .remote(let address, _): address.description
        }
    }
}
