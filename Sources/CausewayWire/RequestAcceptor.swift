public import CausewayBytes
public import CausewayCrypto

/// The server's side of a request header: takes what a connection has sent so far and says whether it is a session.
///
/// The order of the checks is that of protocol reference 2.5: nothing is remembered before the header is authentic, and
/// nothing can be observed from outside before the whole header is good.
public struct RequestAcceptor: Sendable {
    /// Who may open sessions at a listener.
    public struct Keys: Sendable {
        public let method: Method
        /// The listener's key: the only user's where `users` is `nil`, else the identity headers'.
        public let serverKey: Secret
        public let users: IdentityTable?

        public init(method: Method, serverKey: Secret, users: IdentityTable?) {
            precondition(serverKey.count == method.keyCount)
            precondition(users == nil || method.hasIdentityHeaders)
            self.method = method
            self.serverKey = serverKey
            self.users = users
        }
    }

    /// Why a connection is no session. The peer must not learn which it was.
    public enum Refusal: Error, Equatable, Sendable, CaseIterable {
        case unknownIdentity, authentication, type, timestamp, replay
        case variableAuthentication, malformedAddress, paddingBeyondHeader, neitherPaddingNorPayload
    }

    /// A request that passed every check.
    public struct Accepted: Sendable {
        public let target: Address
        /// The user's number in the identity table; 0 where there is none.
        public let user: Int
        /// Where the first payload lies in the input; possibly empty.
        public let payload: Range<Int>
        /// Bytes of the input that the header took.
        public let count: Int
        /// The stream that follows the header.
        public let stream: StreamOpener
        /// What the response has to refer to.
        public let request: ResponseHeader.Request
    }

    public enum Outcome: Sendable {
        /// Call again when the input has at least this many bytes.
        case needMore(Int)
        case accepted(Accepted)
    }

    private struct Opened {
        var stream: StreamOpener
        var user: Int
        var key: Secret
        var variableCount: Int
    }

    private let keys: Keys
    private var opened: Opened?

    public init(_ keys: Keys) {
        self.keys = keys
    }

    /// Bytes up to the end of the fixed chunk: the least that can be judged.
    public static func fixedCount(_ keys: Keys) -> Int {
        keys.method.keyCount + (keys.users == nil ? 0 : 16) + RequestHeader.sealedFixedCount
    }

    /// Judges `input`: all bytes since the connection began, in place, longer at each call.
    ///
    /// - Parameters:
    ///   - now: the monotonic time, for the salt memory.
    ///   - clock: the wall clock.
    public mutating func receive(
        _ input: ByteRegion,
        now: Instant,
        clock: UnixSeconds,
        salts: any SaltMemory,
        with aead: any AEADBackend,
        _ aes: any AESBlock
    ) throws(Refusal) -> Outcome {
        let saltCount = self.keys.method.keyCount
        let fixedCount = Self.fixedCount(self.keys)
        guard input.count >= fixedCount else { return .needMore(fixedCount) }
        var opened: Opened
        if let earlier = self.opened {
            opened = earlier
        } else {
            opened = try self.openFixed(input, now: now, clock: clock, salts: salts, with: aead, aes)
            self.opened = opened
        }
        let count = fixedCount + opened.variableCount + tagCount
        guard input.count >= count else { return .needMore(count) }
        do throws(StreamOpener.StreamError) {
            try opened.stream.openRecord(input.region(fixedCount..<count), with: aead)
        } catch {
            throw .variableAuthentication
        }
        let variable = input.region(fixedCount..<count - tagCount)
        let (target, payloadOffset) = try Self.parseVariable(variable)
        return .accepted(
            Accepted(
                target: target,
                user: opened.user,
                payload: fixedCount + payloadOffset..<count - tagCount,
                count: count,
                stream: opened.stream,
                request: ResponseHeader.Request(
                    method: self.keys.method,
                    key: opened.key,
                    salt: Salt(input.region(0..<saltCount))
                )
            )
        )
    }

    /// Finds the user and opens the fixed chunk; on success its salt is spent.
    private func openFixed(
        _ input: ByteRegion,
        now: Instant,
        clock: UnixSeconds,
        salts: any SaltMemory,
        with aead: any AEADBackend,
        _ aes: any AESBlock
    ) throws(Refusal) -> Opened {
        let method = self.keys.method
        let saltCount = method.keyCount
        let saltRegion = input.region(0..<saltCount)
        var user = IdentityTable.User(index: 0, key: self.keys.serverKey)
        var offset = saltCount
        if let users = self.keys.users {
            let header = input.region(offset..<offset + 16)
            let identity = openIdentityHeader(header, key: self.keys.serverKey, salt: saltRegion, with: aes)
            guard let found = users.user(of: identity) else { throw .unknownIdentity }
            user = found
            offset += 16
        }
        let subkey = KeyDerivation.subkey(.session, key: user.key, salt: saltRegion, count: saltCount)
        var stream = StreamOpener(key: subkey, algorithm: method.algorithm, counter: 0)
        let fixed = input.region(offset..<offset + RequestHeader.sealedFixedCount)
        do throws(StreamOpener.StreamError) {
            try stream.openRecord(fixed, with: aead)
        } catch {
            throw .authentication
        }
        guard fixed[0] == RequestHeader.type else { throw .type }
        let timestamp = fixed.load(at: 1, as: UInt64.self)
        guard isFresh(timestamp, now: clock) else { throw .timestamp }
        guard salts.insert(Salt(saltRegion), timestamp: timestamp, now: now, clock: clock) else { throw .replay }
        let variableCount = Int(fixed.load(at: 9, as: UInt16.self))
        return Opened(stream: stream, user: user.index, key: user.key, variableCount: variableCount)
    }

    /// The target, and where the payload begins behind the padding.
    private static func parseVariable(_ variable: ByteRegion) throws(Refusal) -> (Address, Int) {
        var reader = WireReader(variable)
        let target: Address
        do throws(Address.WireError) {
            target = try Address.parse(&reader)
        } catch {
            throw .malformedAddress
        }
        guard let padding = reader.read(UInt16.self), reader.readBytes(Int(padding)) != nil else {
            throw .paddingBeyondHeader
        }
        guard padding > 0 || reader.remaining > 0 else { throw .neitherPaddingNorPayload }
        return (target, reader.offset)
    }
}
