public import CausewayCore
public import CausewayCrypto

extension Configuration {
    /// Somebody who may use the listeners that ask for users. Has keys, a password or both.
    public struct User: Equatable, Sendable {
        /// Printable, 1...`maximumNameCount` bytes, without a colon.
        public let name: String
        /// Open the `tunnel` and `relay` listeners with users; the newest first.
        public let keys: [Secret]
        /// Opens the `mixed` listeners with users: 1...255 bytes (RFC 1929).
        public let password: Secret?
        public let note: String
        public let plan: UserPlan
        public let isEnabled: Bool

        /// Bytes of a name, well below the 255 that SOCKS5 carries (RFC 1929).
        public static let maximumNameCount = 64
        /// Keys that a user can have at one time.
        public static let maximumKeyCount = 7
        /// Bytes of a note.
        public static let maximumNoteCount = 1024
    }

    /// Whether a user can be called `text`.
    public static func isUserName(_ text: String) -> Bool { UniqueNames.isName(text) }

    /// Whether `text` can stand beside a user.
    public static func isUserNote(_ text: String) -> Bool {
        text.utf8.count <= User.maximumNoteCount && text.unicodeScalars.allSatisfy { $0.isPrintable }
    }

    /// Where users and what they use are kept.
    public struct Ledger: Equatable, Sendable {
        /// The directory; `nil` keeps everything in memory, and forgets it with the process.
        public let path: String?
        /// Seconds between two times that counters go to the disk: what a power failure may take.
        public let checkpoint: Int
        public let onFailure: FailurePolicy
        /// Days for which the usage of each hour is kept.
        public let hourlyDays: Int

        public static let standard = Ledger(path: nil, checkpoint: 1, onFailure: .continue, hourlyDays: 90)

        /// What is done for users while the ledger cannot be written.
        public enum FailurePolicy: String, CaseIterable, Sendable {
            /// They are served; what they use is counted and written down later.
            case `continue`
            /// They get no new sessions.
            case refuse
        }
    }
}
