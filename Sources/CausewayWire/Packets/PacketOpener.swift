public import CausewayBytes
public import CausewayCrypto

/// Opens datagrams where they lie, in the order in which they have to be judged (protocol reference 3.3):
///
///     begin   length, session and number, identity
///             the caller finds the session, and asks its window
///     open    seal, type, time, address
///             the caller commits the number, and only then lets anything change
///
/// One instance belongs to one loop.
public struct PacketOpener {
    private let aead: any AEADBackend
    private let aes: any AESBlock
    private let subkeys = PacketSubkeys()

    public init(aead: any AEADBackend, aes: any AESBlock) {
        self.aead = aead
        self.aes = aes
    }

    /// A datagram whose session and number are known, and of which nothing is proven; with ChaCha its seal is.
    public struct Pending: Sendable {
        public let id: PacketID
        /// The user's number in the identity table; 0 where there is none.
        public let user: Int
        /// What the sender's datagrams are sealed with, and answers to it.
        public let key: Secret
        fileprivate let method: Method
        /// Where the body and its tag lie.
        fileprivate let body: Range<Int>
        fileprivate let isOpen: Bool
    }

    /// A datagram that is good in itself; its number is to be committed.
    public struct Opened: Equatable, Sendable {
        /// The target of a request, the source of an answer.
        public let address: Address
        /// Where the payload lies in the datagram; possibly empty.
        public let payload: Range<Int>
    }

    // MARK: - At the server

    /// Begins with a request.
    public func begin(
        request datagram: ByteRegion,
        _ keys: RequestAcceptor.Keys
    ) throws(PacketRefusal) -> Pending {
        let method = keys.method
        let hops = keys.users == nil ? 0 : 1
        guard datagram.count >= PacketFormat.shortestRequest(method, hops: hops) else { throw .short }
        guard method.hasIdentityHeaders else { return try self.openChaCha(datagram, key: keys.serverKey) }
        let id = self.openHeader(datagram, key: keys.serverKey)
        var user = IdentityTable.User(index: 0, key: keys.serverKey)
        if let users = keys.users {
            let identity = self.openIdentity(datagram, 0, id, key: keys.serverKey)
            guard let found = users.user(of: identity) else { throw .unknownIdentity }
            user = found
        }
        let body = PacketFormat.prefixCount(method, hops: hops)..<datagram.count
        return Pending(id: id, user: user.index, key: user.key, method: method, body: body, isOpen: false)
    }

    /// Opens a request whose number its session's window accepts.
    public func open(
        request datagram: ByteRegion,
        _ pending: Pending,
        clock: UnixSeconds
    ) throws(PacketRefusal) -> Opened {
        let body = try self.body(of: datagram, pending)
        guard body[0] == PacketFormat.requestType else { throw .type }
        guard isFresh(body.load(at: 1, as: UInt64.self), now: clock) else { throw .timestamp }
        return try Self.parse(body, from: 9, at: pending.body.lowerBound)
    }

    // MARK: - At the client

    /// Begins with an answer.
    public func begin(
        response datagram: ByteRegion,
        _ method: Method,
        key: Secret
    ) throws(PacketRefusal) -> Pending {
        guard datagram.count >= PacketFormat.shortestResponse(method) else { throw .short }
        guard method.hasIdentityHeaders else { return try self.openChaCha(datagram, key: key) }
        let id = self.openHeader(datagram, key: key)
        let body = PacketFormat.prefixCount(method, hops: 0)..<datagram.count
        return Pending(id: id, user: 0, key: key, method: method, body: body, isOpen: false)
    }

    /// Opens an answer whose number its session's window accepts.
    ///
    /// - Parameter session: the client's.
    public func open(
        response datagram: ByteRegion,
        _ pending: Pending,
        to session: UInt64,
        clock: UnixSeconds
    ) throws(PacketRefusal) -> Opened {
        let (addressee, opened) = try self.open(response: datagram, pending, clock: clock)
        guard addressee == session else { throw .foreignSession }
        return opened
    }

    /// Opens an answer to one of several sessions.
    ///
    /// - Returns: the client's session that it names, and what it says.
    public func open(
        response datagram: ByteRegion,
        _ pending: Pending,
        clock: UnixSeconds
    ) throws(PacketRefusal) -> (session: UInt64, opened: Opened) {
        let body = try self.body(of: datagram, pending)
        guard body[0] == PacketFormat.responseType else { throw .type }
        guard isFresh(body.load(at: 1, as: UInt64.self), now: clock) else { throw .timestamp }
        let session = body.load(at: 9, as: UInt64.self)
        return (session, try Self.parse(body, from: 17, at: pending.body.lowerBound))
    }

    // MARK: - At a blind relay

    /// What a relay passes on.
    public struct Forwarded: Equatable, Sendable {
        public let id: PacketID
        /// The user's number in its table; `nil` at a plain relay.
        public let user: Int?
        /// The next hop's number in its table.
        public let next: Int
        /// Where what goes on lies in the datagram.
        public let range: Range<Int>
    }

    /// Takes this relay's headers off a request, and writes the first block anew for the next hop. Nothing is proven: the
    /// next hop judges.
    public func forward(_ datagram: ByteRegion, _ keys: RelayAcceptor.Keys) throws(PacketRefusal) -> Forwarded {
        let hops = keys.users == nil ? 1 : 2
        guard datagram.count >= PacketFormat.shortestRequest(keys.method, hops: hops) else { throw .short }
        let id = self.openHeader(datagram, key: keys.key)
        var key = keys.key
        var user: Int?
        if let users = keys.users {
            guard let found = users.user(of: self.openIdentity(datagram, 0, id, key: key)) else {
                throw .unknownIdentity
            }
            user = found.index
            key = found.key
        }
        guard let next = keys.next.user(of: self.openIdentity(datagram, hops - 1, id, key: key)) else {
            throw .unknownIdentity
        }
        let start = 16 * hops
        let header = datagram.region(start..<start + PacketID.count)
        id.write(into: header)
        self.aes.encrypt(header, key: next.key.subkey, keyCount: next.key.count)
        return Forwarded(id: id, user: user, next: next.index, range: start..<datagram.count)
    }

    // MARK: - Parts

    private func openHeader(_ datagram: ByteRegion, key: Secret) -> PacketID {
        let header = datagram.region(0..<PacketID.count)
        self.aes.decrypt(header, key: key.subkey, keyCount: key.count)
        return PacketID(header)
    }

    private func openIdentity(_ datagram: ByteRegion, _ index: Int, _ id: PacketID, key: Secret) -> KeyIdentity {
        let header = datagram.region(PacketID.count + 16 * index..<PacketID.count + 16 * (index + 1))
        self.aes.decrypt(header, key: key.subkey, keyCount: key.count)
        return id.masking(KeyIdentity(header))
    }

    /// With ChaCha session and number are under the seal.
    private func openChaCha(_ datagram: ByteRegion, key: Secret) throws(PacketRefusal) -> Pending {
        let start = XChaCha20Poly1305.nonceCount
        let sealed = datagram.suffix(from: start)
        guard XChaCha20Poly1305.open(sealed, key: key, nonce: datagram.region(0..<start)) else {
            throw .authentication
        }
        return Pending(
            id: PacketID(sealed.region(0..<PacketID.count)),
            user: 0,
            key: key,
            method: .chaCha20Poly1305,
            body: start + PacketID.count..<datagram.count,
            isOpen: true
        )
    }

    /// The body without its tag.
    private func body(of datagram: ByteRegion, _ pending: Pending) throws(PacketRefusal) -> ByteRegion {
        let sealed = datagram.region(pending.body)
        if !pending.isOpen {
            let key = self.subkeys.subkey(pending.id.session, of: pending.key)
            guard self.aead.open(sealed, pending.method.algorithm, key: key, nonce: pending.id.nonce) else {
                throw .authentication
            }
        }
        return sealed.region(0..<sealed.count - tagCount)
    }

    /// - Parameters:
    ///   - start: where the length of the padding is.
    ///   - offset: of the body in the datagram.
    private static func parse(_ body: ByteRegion, from start: Int, at offset: Int) throws(PacketRefusal) -> Opened {
        var reader = WireReader(body.suffix(from: start))
        guard let padding = reader.read(UInt16.self), reader.readBytes(Int(padding)) != nil else { throw .malformed }
        let address: Address
        do throws(Address.WireError) {
            address = try Address.parse(&reader)
        } catch {
            throw .malformed
        }
        let payload = offset + start + reader.offset
        return Opened(address: address, payload: payload..<payload + reader.remaining)
    }
}
