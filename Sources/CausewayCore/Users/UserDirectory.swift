public import CausewayCrypto
public import CausewayWire

/// Whom a loop can recognise: the users by the identity of their keys, and by name where they have a password.
///
/// A snapshot: a change makes a new one, which the loops are given whole. What it gives back is a ``Credential`` as a
/// number.
public struct UserDirectory: Sendable {
    /// One of the ways in which one user is recognised.
    public struct Credential: Hashable, Sendable {
        /// The account's.
        public let slot: Int
        /// 0..<``count``, among the user's credentials.
        public let place: Int

        /// Credentials that a user can have.
        public static let count = 8
        /// The place of the password; the others are keys'.
        public static let password = 7

        public init(slot: Int, place: Int) {
            self.slot = slot
            self.place = place
        }

        public init(number: Int) {
            self.init(slot: number / Self.count, place: number % Self.count)
        }

        public var number: Int { self.slot * Self.count + self.place }
    }

    /// Users with keys of 16 bytes.
    private var short = IdentityTable(entries: [])
    /// Users with keys of 32 bytes.
    private var long = IdentityTable(entries: [])
    private var passwords: [[UInt8]: (secret: Secret, credential: Credential)] = [:]

    public init() {}

    /// The users that a listener of `method` can have.
    public func identities(for method: Method) -> IdentityTable { method.keyCount == 16 ? self.short : self.long }

    /// The password of the user called `name`, and what it is the credential of.
    public func password(of name: [UInt8]) -> (secret: Secret, credential: Credential)? { self.passwords[name] }

    /// Takes keys out and puts others in, many at once.
    public mutating func change(adding added: [IdentityTable.Entry], removing removed: [Secret]) {
        for count in [16, 32] {
            let entries = added.filter { $0.user.key.count == count }
            let gone = removed.filter { $0.count == count }.map { KeyDerivation.identity(of: $0) }
            guard !entries.isEmpty || !gone.isEmpty else { continue }
            if count == 16 {
                self.short = self.short.updated(adding: entries, removing: gone)
            } else {
                self.long = self.long.updated(adding: entries, removing: gone)
            }
        }
    }

    /// Sets or takes away the password of a user.
    public mutating func setPassword(_ secret: Secret?, of name: String, slot: Int) {
        self.passwords[Array(name.utf8)] = secret.map { secret in
            (secret, Credential(slot: slot, place: Credential.password))
        }
    }
}
