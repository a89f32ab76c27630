public import CausewayCrypto

/// The users of a listener by the identity that their header carries: one probe for any number of users.
///
/// Immutable once built, so all loops read one table; a change of users makes a new one.
public final class IdentityTable: Sendable {
    /// A user's number in the list the table was made of, and the key that the user's sessions are sealed with.
    public struct User: Sendable {
        public let index: Int
        public let key: Secret
    }

    private let places: [Int32]
    private let identities: [KeyIdentity]
    private let users: [User]

    /// A table of keys, numbered as they come. Keys must differ; of two equal ones the first is found.
    public init(keys: [Secret]) {
        var size = 4
        while size < 2 * keys.count { size *= 2 }
        var places = Array(repeating: Int32(-1), count: size)
        let identities = keys.map { KeyDerivation.identity(of: $0) }
        for (index, identity) in identities.enumerated() {
            var place = Int(truncatingIfNeeded: identity.low) & (size - 1)
            while places[place] >= 0 { place = (place + 1) & (size - 1) }
            places[place] = Int32(index)
        }
        self.places = places
        self.identities = identities
        self.users = keys.enumerated().map { User(index: $0.offset, key: $0.element) }
    }

    /// The user of `identity`, if there is one. Identities are hashes, so their own bits spread them.
    public func user(of identity: KeyIdentity) -> User? {
        let mask = self.places.count - 1
        var place = Int(truncatingIfNeeded: identity.low) & mask
        while true {
            let index = Int(self.places[place])
            guard index >= 0 else { return nil }
            if self.identities[index] == identity { return self.users[index] }
            place = (place + 1) & mask
        }
    }
}
