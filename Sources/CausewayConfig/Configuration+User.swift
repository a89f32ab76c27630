public import CausewayCrypto

extension Configuration {
    /// Somebody who may use the listeners that ask for users. Has a key, a password or both.
    public struct User: Equatable, Sendable {
        /// Printable, 1...`maximumNameCount` bytes, without a colon.
        public let name: String
        /// Opens the `tunnel` listeners with users.
        public let key: Secret?
        /// Opens the `mixed` listeners with users: 1...255 bytes (RFC 1929).
        public let password: Secret?

        /// Bytes of a name, well below the 255 that SOCKS5 carries (RFC 1929).
        public static let maximumNameCount = 64
    }
}
