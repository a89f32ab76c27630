/// A line of a request head: where its name and its value are, the value without the blanks around it.
struct HTTPField: Sendable {
    /// The fields that mean something to the front.
    enum Name: Sendable {
        case connection
        case contentLength
        case host
        case keepAlive
        case proxyAuthorization
        case proxyConnection
        case te
        case transferEncoding
        case upgrade
        /// Passed on unread.
        case other

        init(_ bytes: ArraySlice<UInt8>) {
            self = Self.known.first { ASCII.matches(bytes, $0.spelling) }?.name ?? .other
        }

        private static let known: [(spelling: [UInt8], name: Name)] = [
            (Array("connection".utf8), .connection), (Array("content-length".utf8), .contentLength),
            (Array("host".utf8), .host), (Array("keep-alive".utf8), .keepAlive),
            (Array("proxy-authorization".utf8), .proxyAuthorization),
            (Array("proxy-connection".utf8), .proxyConnection), (Array("te".utf8), .te),
            (Array("transfer-encoding".utf8), .transferEncoding), (Array("upgrade".utf8), .upgrade),
        ]
    }

    let name: Name
    let nameRange: Range<Int>
    let valueRange: Range<Int>

    /// The field in `line` of `bytes`, which is without its CR LF.
    init(_ bytes: [UInt8], line: Range<Int>) throws(HTTPStatus) {
        // A line that begins with a blank continues the one before it in old HTTP; its name fails here too.
        guard let colon = bytes[line].firstIndex(of: ASCII.colon), colon > line.lowerBound,
            bytes[line.lowerBound..<colon].allSatisfy(ASCII.isToken),
            bytes[colon + 1..<line.upperBound].allSatisfy(ASCII.isFieldValue)
        else { throw .badRequest }
        self.nameRange = line.lowerBound..<colon
        self.valueRange = ASCII.trimmed(bytes, colon + 1..<line.upperBound)
        self.name = Name(bytes[self.nameRange])
    }
}

extension ASCII {
    /// `range` without the spaces and tabs at both its ends.
    static func trimmed(_ bytes: [UInt8], _ range: Range<Int>) -> Range<Int> {
        var (start, end) = (range.lowerBound, range.upperBound)
        while start < end, bytes[start] == Self.space || bytes[start] == Self.tab { start += 1 }
        while start < end, bytes[end - 1] == Self.space || bytes[end - 1] == Self.tab { end -= 1 }
        return start..<end
    }
}
