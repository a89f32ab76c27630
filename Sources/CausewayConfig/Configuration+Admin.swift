public import CausewayBytes
public import CausewayCrypto

extension Configuration {
    /// Where the node can be asked and told.
    public struct Admin: Equatable, Sendable {
        /// The path of a Unix socket; `nil` for none.
        public let socket: String?
        /// The API for other machines; `nil` for none.
        public let remote: Remote?

        /// An address where whoever has a token is served.
        public struct Remote: Equatable, Sendable {
            public let address: SocketAddress
            /// Of the tokens; one at least.
            public let tokens: [TokenDigest]
        }
    }
}
