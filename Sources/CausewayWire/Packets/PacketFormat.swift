public import CausewayBytes
import CausewayCrypto

/// How a datagram of Shadowsocks 2022 is made up (SIP022 section 3.2, SIP023 section 3.2), and how much it adds.
///
///     AES     block(session | number) | identity headers[16 each] | sealed(body) | tag
///     ChaCha  nonce[24] | sealed(session | number | body) | tag
///
///     body    type u8 | time u64be | answers: client session u64be | padding u16be | padding | address | payload
public enum PacketFormat {
    static let requestType: UInt8 = 0
    static let responseType: UInt8 = 1
    /// The shortest address: a name of one byte.
    private static let shortestAddress = 5
    /// Bytes that a sender pads with at most.
    public static let maximumPadding = 900

    /// What lies before the body.
    static func prefixCount(_ method: Method, hops: Int) -> Int {
        switch method {
        case .aes128GCM, .aes256GCM: PacketID.count + 16 * hops
        case .chaCha20Poly1305: XChaCha20Poly1305.nonceCount + PacketID.count
        }
    }

    /// Bytes of a request's body before its address, without padding.
    static let requestHeadCount = 1 + 8 + 2
    /// The same of an answer.
    static let responseHeadCount = 1 + 8 + 8 + 2

    /// Bytes that a request adds to its payload, without padding.
    ///
    /// - Parameter hops: identity headers.
    public static func requestOverhead(_ method: Method, hops: Int, to target: Address) -> Int {
        self.prefixCount(method, hops: hops) + self.requestHeadCount + target.encodedCount + tagCount
    }

    /// The same with the method and the identity headers of `credentials`.
    public static func requestOverhead(_ credentials: RequestCredentials, to target: Address) -> Int {
        self.requestOverhead(credentials.method, hops: credentials.hops.count, to: target)
    }

    /// Bytes that an answer adds to its payload, without padding.
    public static func responseOverhead(_ method: Method, from source: Address) -> Int {
        self.prefixCount(method, hops: 0) + self.responseHeadCount + source.encodedCount + tagCount
    }

    static func shortestRequest(_ method: Method, hops: Int) -> Int {
        self.prefixCount(method, hops: hops) + self.requestHeadCount + self.shortestAddress + tagCount
    }

    static func shortestResponse(_ method: Method) -> Int {
        self.prefixCount(method, hops: 0) + self.responseHeadCount + self.shortestAddress + tagCount
    }

    /// How much a datagram to or from `port` is padded: questions to name servers, whose lengths would tell what is
    /// asked, and never beyond what the path takes.
    ///
    /// - Parameters:
    ///   - count: bytes of the datagram without padding.
    ///   - most: bytes of a datagram that the path takes.
    ///   - random: any number, of which the padding is made.
    public static func padding(port: UInt16, count: Int, most: Int, random: UInt64) -> Int {
        guard port == 53 else { return 0 }
        let room = min(self.maximumPadding, most - count)
        return room > 0 ? Int(random % UInt64(room + 1)) : 0
    }
}
