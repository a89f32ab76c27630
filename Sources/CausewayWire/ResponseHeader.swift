public import CausewayBytes
public import CausewayCrypto

/// The start of a response stream (SIP022 section 3.1.4), sent together with its first payload:
///
///     salt[k] | seal(fixed 11+k)+16 | seal(payload n)+16
///     fixed = type 01 | unix seconds u64be | request salt[k] | n u16be
public enum ResponseHeader {
    static let type: UInt8 = 1

    /// What a response answers: the salt of the request and the user's key. A server keeps it until the first payload
    /// goes out, a client until the first has come.
    public struct Request: Sendable {
        public let method: Method
        public let key: Secret
        public let salt: Salt

        public init(method: Method, key: Secret, salt: Salt) {
            self.method = method
            self.key = key
            self.salt = salt
        }
    }

    /// Why a response is not believed.
    public enum HeaderError: Error, Equatable {
        case authentication, type, timestamp, requestSalt, emptyPayload
    }

    /// Bytes that stand before the first payload: 59 for 16-byte keys, 91 for 32-byte keys.
    public static func count(_ method: Method) -> Int { method.keyCount + 11 + method.keyCount + tagCount }

    /// Writes and seals the header before the 1 to 65,535 bytes of `region` at `payload`, which need `count` free bytes
    /// before and 16 behind them. Returns the range of the whole first unit and the stream that goes on.
    ///
    /// - Parameter salt: as many random bytes as the method's salt has; the rest is ignored.
    public static func seal(
        _ region: ByteRegion,
        payload: Range<Int>,
        to request: Request,
        salt: Salt,
        timestamp: UnixSeconds,
        with aead: any AEADBackend
    ) -> (unit: Range<Int>, stream: StreamSealer) {
        precondition(payload.count >= 1 && payload.count <= StreamSealer.maximumPayloadCount)
        let saltCount = request.method.keyCount
        let start = payload.lowerBound - Self.count(request.method)
        let saltRegion = region.region(start..<start + saltCount)
        salt.write(into: saltRegion)
        let subkey = KeyDerivation.subkey(.session, key: request.key, salt: saltRegion, count: saltCount)
        var stream = StreamSealer(key: subkey, algorithm: request.method.algorithm, counter: 0)

        let fixed = region.region(start + saltCount..<payload.lowerBound)
        fixed[0] = Self.type
        fixed.store(timestamp, at: 1)
        request.salt.write(into: fixed.region(9..<9 + saltCount))
        fixed.store(UInt16(truncatingIfNeeded: payload.count), at: 9 + saltCount)
        stream.sealRecord(fixed, with: aead)
        let unit = start..<payload.upperBound + tagCount
        stream.sealRecord(region.region(payload.lowerBound..<unit.upperBound), with: aead)
        return (unit, stream)
    }

    /// Opens the header at the start of `input`, in place. `nil`, with nothing touched, while it is not whole; else the
    /// stream that goes on, behind the first `count` bytes.
    public static func open(
        _ input: ByteRegion,
        to request: Request,
        now: UnixSeconds,
        with aead: any AEADBackend
    ) throws(HeaderError) -> StreamOpener? {
        let saltCount = request.method.keyCount
        let count = Self.count(request.method)
        guard input.count >= count else { return nil }
        let saltRegion = input.region(0..<saltCount)
        let subkey = KeyDerivation.subkey(.session, key: request.key, salt: saltRegion, count: saltCount)
        let algorithm = request.method.algorithm
        var stream = StreamOpener(key: subkey, algorithm: algorithm, counter: 0)
        let fixed = input.region(saltCount..<count)
        do throws(StreamOpener.StreamError) {
            try stream.openRecord(fixed, with: aead)
        } catch {
            throw .authentication
        }
        guard fixed[0] == Self.type else { throw .type }
        guard isFresh(fixed.load(at: 1, as: UInt64.self), now: now) else { throw .timestamp }
        guard Salt(fixed.region(9..<9 + saltCount)) == request.salt else { throw .requestSalt }
        let length = fixed.load(at: 9 + saltCount, as: UInt16.self)
        guard length > 0 else { throw .emptyPayload }
        return StreamOpener(key: subkey, algorithm: algorithm, counter: 1, expected: Int(length))
    }
}
