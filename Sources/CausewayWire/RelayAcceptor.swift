public import CausewayBytes
public import CausewayCrypto

/// What a blind relay reads of a client's first bytes: who it is and where it goes (SIP023). Everything behind the
/// identity headers that are this relay's stays as it is, and unread.
///
/// A plain relay takes one header, which its key opens and which names the next hop's key. A relay with users plays two
/// virtual hops: its key opens the first header, which names a user's access key; that opens the second, which names
/// the next hop's.
///
/// The relay cannot check time or tags. So it remembers salts by itself, and only those of known identities, for
/// garbage must not fill its memory.
public struct RelayAcceptor: Sendable {
    public struct Keys: Sendable {
        public let method: Method
        /// The relay's own key.
        public let key: Secret
        /// Users by access key; `nil` for a plain relay.
        public let users: IdentityTable?
        /// Next hops by their keys.
        public let next: IdentityTable

        /// - Parameter method: one with identity headers.
        public init(method: Method, key: Secret, users: IdentityTable?, next: IdentityTable) {
            precondition(method.hasIdentityHeaders)
            self.method = method
            self.key = key
            self.users = users
            self.next = next
        }
    }

    /// Who comes and where to. What goes on to the next hop is the first `saltCount` bytes of the input followed by
    /// everything from `consumed` on.
    public struct Accepted: Equatable, Sendable {
        /// The user's number in the table; `nil` at a plain relay.
        public let user: Int?
        /// The next hop's number in its table.
        public let next: Int
        public let saltCount: Int
        public let consumed: Int
    }

    public enum Outcome: Equatable, Sendable {
        case needMore
        case accepted(Accepted)
    }

    public enum Refusal: Error, Equatable, CustomStringConvertible {
        case unknownUser, unknownNext, replay

        public var description: String {
            switch self {
            case .unknownUser: "unknown user"
            case .unknownNext: "unknown next hop"
            case .replay: "repeated salt"
            }
        }
    }

    private let keys: Keys

    public init(_ keys: Keys) {
        self.keys = keys
    }

    /// Bytes of salt and of the headers that are this relay's: 32 or 48, with users 48 or 64.
    public static func neededCount(_ keys: Keys) -> Int {
        keys.method.keyCount + (keys.users == nil ? 16 : 32)
    }

    /// Bytes that the next hop may insist to get in one read: salt, one identity header and the fixed chunk (59 or 75).
    public static func firstUnitCount(_ method: Method) -> Int {
        method.keyCount + 16 + RequestHeader.sealedFixedCount
    }

    /// Bytes of a response that the client may insist to get in one read: salt and the fixed chunk (59 or 91).
    public static func firstResponseCount(_ method: Method) -> Int {
        ResponseHeader.count(method)
    }

    /// Judges `input`: all bytes since the connection began, longer at each call. The headers that are this relay's are
    /// opened in place once all of them are there.
    ///
    /// - Parameters:
    ///   - now: the monotonic time, for the salt memory.
    ///   - clock: the wall clock.
    public mutating func receive(
        _ input: ByteRegion,
        now: Instant,
        clock: UnixSeconds,
        salts: any SaltMemory,
        with aes: any AESBlock
    ) throws(Refusal) -> Outcome {
        let saltCount = self.keys.method.keyCount
        let consumed = Self.neededCount(self.keys)
        guard input.count >= consumed else { return .needMore }
        let salt = input.region(0..<saltCount)
        var key = self.keys.key
        var user: Int?
        if let users = self.keys.users {
            let header = input.region(saltCount..<saltCount + 16)
            let identity = openIdentityHeader(header, key: key, salt: salt, with: aes)
            guard let found = users.user(of: identity) else { throw .unknownUser }
            user = found.index
            key = found.key
        }
        let header = input.region(consumed - 16..<consumed)
        let identity = openIdentityHeader(header, key: key, salt: salt, with: aes)
        guard let next = self.keys.next.user(of: identity) else { throw .unknownNext }
        // The time in the request is sealed, and the next hop's to judge. Time zero leaves the memory to the monotonic
        // clock alone, which is long enough for every request that the next hop would still accept.
        guard salts.insert(Salt(salt), timestamp: 0, now: now, clock: clock) else { throw .replay }
        return .accepted(Accepted(user: user, next: next.index, saltCount: saltCount, consumed: consumed))
    }
}
