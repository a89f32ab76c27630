/// The beginning of an HTTP response: version and status (RFC 9112 section 4).
public enum HTTPStatusLine {
    /// Bytes that tell the status: `HTTP/1.1 204`.
    public static let neededCount = 12

    /// It is no HTTP/1 response.
    public struct Malformed: Error {
        public init() {}
    }

    /// The status that a response with these first bytes has, 100...599; `nil` while there are too few of them.
    ///
    /// - Throws: ``Malformed`` as soon as what is there cannot become a status line.
    public static func status(_ bytes: some Collection<UInt8>) throws(Malformed) -> Int? {
        var status = 0
        for (index, byte) in bytes.prefix(self.neededCount).enumerated() {
            let isDigit = (0x30...0x39).contains(byte)
            switch index {
            case 0..<7: guard byte == Self.version[index] else { throw Malformed() }
            case 7: guard isDigit else { throw Malformed() }
            case 8: guard byte == 0x20 else { throw Malformed() }
            default:
                guard isDigit else { throw Malformed() }
                status = 10 * status + Int(byte - 0x30)
            }
        }
        guard bytes.count >= self.neededCount else { return nil }
        guard (100...599).contains(status) else { throw Malformed() }
        return status
    }

    private static let version = Array("HTTP/1.".utf8)
}
