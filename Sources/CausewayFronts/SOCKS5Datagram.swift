public import CausewayBytes

/// What a datagram of SOCKS5 begins with (RFC 1928 section 7), in both directions:
///
///     00 00 | fragment | address
///
/// The address is the target on the way out, and on the way back the one that the answer came from.
public enum SOCKS5Datagram {
    /// Bytes that a header takes at most.
    public static let maximumHeaderCount = 3 + Address.maximumEncodedCount

    /// Reads the header. `nil` for a datagram to be dropped in silence: one that has no whole header, and a fragment, which
    /// nobody sends and reassembling is optional. The reserved bytes are not looked at.
    ///
    /// - Returns: the target, and where the payload begins; there may be none.
    public static func parse(_ datagram: ByteRegion) -> (target: Address, payload: Int)? {
        guard datagram.count > 3, datagram[2] == 0 else { return nil }
        var reader = WireReader(datagram.suffix(from: 3))
        guard let target = try? Address.parse(&reader) else { return nil }
        return (target, 3 + reader.offset)
    }

    /// Writes the header of an answer right before its payload, which begins at `payload` in `buffer`.
    ///
    /// - Returns: where the datagram begins.
    public static func write(_ source: Address, before payload: Int, in buffer: ByteRegion) -> Int {
        let start = payload - source.encodedCount - 3
        let header = buffer.region(start..<payload)
        for offset in 0..<3 { header[offset] = 0 }
        source.encode(into: header.suffix(from: 3))
        return start
    }
}
