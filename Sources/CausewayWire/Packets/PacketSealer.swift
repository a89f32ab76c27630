public import CausewayBytes
public import CausewayCrypto

/// Makes datagrams around payloads, where these lie.
///
/// The buffer has room before the payload, as much as the overhead of ``PacketFormat`` and the padding, and 16 bytes
/// behind it. One instance belongs to one loop.
public struct PacketSealer {
    private let aead: any AEADBackend
    private let aes: any AESBlock
    private let subkeys = PacketSubkeys()

    public init(aead: any AEADBackend, aes: any AESBlock) {
        self.aead = aead
        self.aes = aes
    }

    /// Twenty-four random bytes, for the ChaCha method.
    public typealias RandomNonce = (UInt64, UInt64, UInt64)

    /// A request for `target`.
    ///
    /// - Returns: where the datagram lies in the buffer.
    public func request(
        _ buffer: ByteRegion,
        payload: Range<Int>,
        id: PacketID,
        to target: Address,
        padding: Int = 0,
        clock: UnixSeconds,
        with credentials: RequestCredentials,
        nonce: RandomNonce = (0, 0, 0)
    ) -> Range<Int> {
        let head = PacketFormat.requestHeadCount + padding + target.encodedCount
        let body = buffer.region(payload.lowerBound - head..<payload.upperBound + tagCount)
        body[0] = PacketFormat.requestType
        body.store(clock, at: 1)
        self.end(body, at: 9, padding: padding, target)
        let method = credentials.method
        let start = payload.lowerBound - head - PacketFormat.prefixCount(method, hops: credentials.hops.count)
        let datagram = buffer.region(start..<payload.upperBound + tagCount)
        guard method.hasIdentityHeaders else {
            self.sealChaCha(datagram, id, key: credentials.userKey, nonce)
            return start..<payload.upperBound + tagCount
        }
        self.aead.seal(
            body,
            method.algorithm,
            key: self.subkeys.subkey(id.session, of: credentials.userKey),
            nonce: id.nonce
        )
        for (index, hop) in credentials.hops.enumerated() {
            let header = datagram.region(PacketID.count + 16 * index..<PacketID.count + 16 * (index + 1))
            id.masking(hop.next).write(into: header)
            self.aes.encrypt(header, key: hop.key.subkey, keyCount: method.keyCount)
        }
        self.writeHeader(datagram, id, key: credentials.hops.first?.key ?? credentials.userKey)
        return start..<payload.upperBound + tagCount
    }

    /// An answer from `source` to a client's session.
    ///
    /// - Parameters:
    ///   - id: of the server's session and packet.
    ///   - key: the user's.
    /// - Returns: where the datagram lies in the buffer.
    public func response(
        _ buffer: ByteRegion,
        payload: Range<Int>,
        id: PacketID,
        to session: UInt64,
        from source: Address,
        padding: Int = 0,
        clock: UnixSeconds,
        _ method: Method,
        key: Secret,
        nonce: RandomNonce = (0, 0, 0)
    ) -> Range<Int> {
        let head = PacketFormat.responseHeadCount + padding + source.encodedCount
        let body = buffer.region(payload.lowerBound - head..<payload.upperBound + tagCount)
        body[0] = PacketFormat.responseType
        body.store(clock, at: 1)
        body.store(session, at: 9)
        self.end(body, at: 17, padding: padding, source)
        let start = payload.lowerBound - head - PacketFormat.prefixCount(method, hops: 0)
        let datagram = buffer.region(start..<payload.upperBound + tagCount)
        if method.hasIdentityHeaders {
            self.aead.seal(body, method.algorithm, key: self.subkeys.subkey(id.session, of: key), nonce: id.nonce)
            self.writeHeader(datagram, id, key: key)
        } else {
            self.sealChaCha(datagram, id, key: key, nonce)
        }
        return start..<payload.upperBound + tagCount
    }

    /// Padding and address, the end of every body's head.
    private func end(_ body: ByteRegion, at offset: Int, padding: Int, _ address: Address) {
        body.store(UInt16(padding), at: offset)
        // Never what lay there before.
        body.region(offset + 2..<offset + 2 + padding).clear()
        address.encode(into: body.suffix(from: offset + 2 + padding))
    }

    private func writeHeader(_ datagram: ByteRegion, _ id: PacketID, key: Secret) {
        let header = datagram.region(0..<PacketID.count)
        id.write(into: header)
        self.aes.encrypt(header, key: key.subkey, keyCount: key.count)
    }

    private func sealChaCha(_ datagram: ByteRegion, _ id: PacketID, key: Secret, _ random: RandomNonce) {
        let nonce = datagram.region(0..<XChaCha20Poly1305.nonceCount)
        nonce.store(random.0, at: 0)
        nonce.store(random.1, at: 8)
        nonce.store(random.2, at: 16)
        let sealed = datagram.suffix(from: XChaCha20Poly1305.nonceCount)
        id.write(into: sealed)
        XChaCha20Poly1305.seal(sealed, key: key, nonce: nonce)
    }
}
