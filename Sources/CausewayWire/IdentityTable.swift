public import CausewayCrypto

/// The users of a listener by the identity that their header carries: one probe for any number of users.
///
/// Immutable, so all loops read one table. A change makes a new one that shares all but the parts that it touches: one
/// user more among a hundred thousand costs microseconds.
public final class IdentityTable: Sendable {
    /// A user's number in the list the table was made of, and the key that the user's sessions are sealed with.
    public struct User: Sendable {
        public let index: Int
        public let key: Secret
    }

    /// A key with what is derived of it, once.
    public struct Entry: Sendable {
        public let identity: KeyIdentity
        public let user: User

        /// - Parameter index: the user's number, which lookups give back.
        public init(key: Secret, index: Int) {
            self.identity = KeyDerivation.identity(of: key)
            self.user = User(index: index, key: key)
        }
    }

    /// Entries per part on average; a table whose parts are four times as full gets more of them.
    private static let entriesPerPart = 64
    private static let maximumParts = 4096

    private let parts: [Part]
    /// Keys in the table.
    public let count: Int

    /// A table of keys, numbered as they come. Keys must differ; of two equal ones the first is found.
    public convenience init(keys: [Secret]) {
        self.init(entries: keys.enumerated().map { Entry(key: $0.element, index: $0.offset) })
    }

    /// Of two entries with one key the first is found.
    public init(entries: [Entry]) {
        var wanted = 1
        while wanted < Self.maximumParts, wanted * Self.entriesPerPart < entries.count { wanted *= 2 }
        var lists = Array(repeating: [Entry](), count: wanted)
        for entry in entries { lists[Self.part(of: entry.identity, among: wanted)].append(entry) }
        self.parts = lists.map { Part($0) }
        self.count = entries.count
    }

    private init(parts: [Part]) {
        self.parts = parts
        self.count = parts.reduce(0) { $0 + $1.entries.count }
    }

    /// The table without the keys of `removed` and with `added` in it.
    public func updated(adding added: [Entry], removing removed: [KeyIdentity]) -> IdentityTable {
        let count = self.parts.count
        if count < Self.maximumParts, self.count + added.count > 4 * Self.entriesPerPart * count {
            let gone = Set(removed)
            let kept = self.parts.flatMap(\.entries).filter { !gone.contains($0.identity) }
            return IdentityTable(entries: kept + added)
        }
        var lists: [Int: [Entry]] = [:]
        for identity in removed {
            let part = Self.part(of: identity, among: count)
            lists[part, default: self.parts[part].entries].removeAll { $0.identity == identity }
        }
        for entry in added {
            let part = Self.part(of: entry.identity, among: count)
            lists[part, default: self.parts[part].entries].append(entry)
        }
        var parts = self.parts
        for (index, entries) in lists { parts[index] = Part(entries) }
        return IdentityTable(parts: parts)
    }

    /// The user of `identity`, if there is one. Identities are hashes, so their own bits spread them.
    public func user(of identity: KeyIdentity) -> User? {
        self.parts[Self.part(of: identity, among: self.parts.count)].user(of: identity)
    }

    private static func part(of identity: KeyIdentity, among count: Int) -> Int {
        Int(truncatingIfNeeded: identity.high) & (count - 1)
    }

    /// Some of the entries, in a hash table with open addressing.
    private final class Part: Sendable {
        let entries: [Entry]
        private let places: [Int32]

        init(_ entries: [Entry]) {
            var size = 4
            while size < 2 * entries.count { size *= 2 }
            var places = Array(repeating: Int32(-1), count: size)
            for (index, entry) in entries.enumerated() {
                var place = Int(truncatingIfNeeded: entry.identity.low) & (size - 1)
                while places[place] >= 0 { place = (place + 1) & (size - 1) }
                places[place] = Int32(index)
            }
            self.entries = entries
            self.places = places
        }

        func user(of identity: KeyIdentity) -> User? {
            let mask = self.places.count - 1
            var place = Int(truncatingIfNeeded: identity.low) & mask
            while true {
                let index = Int(self.places[place])
                guard index >= 0 else { return nil }
                if self.entries[index].identity == identity { return self.entries[index].user }
                place = (place + 1) & mask
            }
        }
    }
}
