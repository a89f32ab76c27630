/// A request head taken apart (RFC 9112 sections 2, 3 and 5), strictly: what two readers could read in two ways is an
/// error.
struct HTTPHead: Sendable {
    /// The most fields of a head. What they name in `Connection` is compared with each of them.
    static let maximumFieldCount = 256

    /// The head as it was received.
    let bytes: [UInt8]
    let methodRange: Range<Int>
    let targetRange: Range<Int>
    /// 0 for HTTP/1.0, 1 for everything later.
    let minorVersion: UInt8
    let fields: [HTTPField]

    var method: ArraySlice<UInt8> { self.bytes[self.methodRange] }
    var target: ArraySlice<UInt8> { self.bytes[self.targetRange] }

    func name(_ field: HTTPField) -> ArraySlice<UInt8> { self.bytes[field.nameRange] }
    func value(_ field: HTTPField) -> ArraySlice<UInt8> { self.bytes[field.valueRange] }

    /// Takes `bytes`, a head that ends with its blank line, apart.
    init(_ bytes: [UInt8]) throws(HTTPStatus) {
        guard let requestLine = Self.line(bytes, from: 0) else { throw .badRequest }
        guard let methodEnd = bytes[requestLine].firstIndex(of: ASCII.space), methodEnd > 0,
            bytes[..<methodEnd].allSatisfy(ASCII.isToken),
            let targetEnd = bytes[methodEnd + 1..<requestLine.upperBound].firstIndex(of: ASCII.space),
            targetEnd > methodEnd + 1, bytes[methodEnd + 1..<targetEnd].allSatisfy(ASCII.isTarget)
        else { throw .badRequest }
        self.bytes = bytes
        self.methodRange = 0..<methodEnd
        self.targetRange = methodEnd + 1..<targetEnd
        self.minorVersion = try Self.minorVersion(bytes[targetEnd + 1..<requestLine.upperBound])
        self.fields = try Self.fields(bytes, from: requestLine.upperBound + 2)
    }

    private static func fields(_ bytes: [UInt8], from start: Int) throws(HTTPStatus) -> [HTTPField] {
        var fields: [HTTPField] = []
        fields.reserveCapacity(24)
        var offset = start
        while let line = Self.line(bytes, from: offset) {
            if line.isEmpty { return fields }
            guard fields.count < Self.maximumFieldCount else { throw .headerFieldsTooLarge }
            fields.append(try HTTPField(bytes, line: line))
            offset = line.upperBound + 2
        }
        throw .badRequest
    }

    /// The line that begins at `start`, without its CR LF.
    private static func line(_ bytes: [UInt8], from start: Int) -> Range<Int>? {
        guard let feed = bytes[start...].firstIndex(of: ASCII.lineFeed), feed > start,
            bytes[feed - 1] == ASCII.carriageReturn
        else { return nil }
        return start..<feed - 1
    }

    private static func minorVersion(_ text: ArraySlice<UInt8>) throws(HTTPStatus) -> UInt8 {
        let start = text.startIndex
        guard text.count == 8, text.starts(with: Self.versionPrefix), ASCII.isDigit(text[start + 5]),
            text[start + 6] == UInt8(ascii: "."), ASCII.isDigit(text[start + 7])
        else { throw .badRequest }
        guard text[start + 5] == UInt8(ascii: "1") else { throw .versionNotSupported }
        return text[start + 7] == UInt8(ascii: "0") ? 0 : 1
    }

    private static let versionPrefix = Array("HTTP/".utf8)
}
