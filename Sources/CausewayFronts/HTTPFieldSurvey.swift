/// What the fields of a request head say together: framing, connection, credentials.
struct HTTPFieldSurvey: Sendable {
    /// The most options that the `Connection` fields of a head may name.
    static let maximumOptionCount = 64

    private(set) var body = HTTPRequestBody.none
    private(set) var credentials: BasicCredentials?
    /// What `Connection` names, blanks removed.
    private(set) var connectionOptions: [ArraySlice<UInt8>] = []
    private(set) var keepsOpen: Bool

    private var length: UInt64?
    private var isChunked = false
    private var hasHost = false
    private var hasAuthorization = false

    init(_ head: HTTPHead) throws(HTTPStatus) {
        self.keepsOpen = head.minorVersion > 0
        for field in head.fields {
            let value = head.value(field)
            switch field.name {
            case .connection, .proxyConnection: try self.readOptions(value, of: head, field)
            case .contentLength: try self.readLength(value)
            case .transferEncoding: try self.readTransferEncoding(value, of: head)
            case .host:
                guard !self.hasHost else { throw .badRequest }
                self.hasHost = true
            case .proxyAuthorization:
                guard !self.hasAuthorization else { throw .badRequest }
                self.hasAuthorization = true
                self.credentials = BasicCredentials(value)
            case .keepAlive, .te, .upgrade, .other: break
            }
        }
        switch (self.length, self.isChunked) {
        case (.some, true): throw .badRequest
        case (.some(let length), false): self.body = HTTPRequestBody(contentLength: length)
        case (.none, true): self.body = .chunked
        case (.none, false): break
        }
    }

    private mutating func readOptions(
        _ value: ArraySlice<UInt8>,
        of head: HTTPHead,
        _ field: HTTPField
    ) throws(HTTPStatus) {
        for part in value.split(separator: UInt8(ascii: ",")) {
            let option = head.bytes[ASCII.trimmed(head.bytes, part.startIndex..<part.endIndex)]
            if option.isEmpty { continue }
            if ASCII.matches(option, Self.close) {
                self.keepsOpen = false
            } else if ASCII.matches(option, Self.keepAlive), head.minorVersion == 0 {
                self.keepsOpen = true
            }
            // `Proxy-Connection` is nobody's standard and names no fields.
            guard case .connection = field.name else { continue }
            guard self.connectionOptions.count < Self.maximumOptionCount else { throw .badRequest }
            self.connectionOptions.append(option)
        }
    }

    /// Digits and nothing else; the same length said twice is one length, a list is not read.
    private mutating func readLength(_ value: ArraySlice<UInt8>) throws(HTTPStatus) {
        // 18 digits stay below 2^63 and are more than anybody sends.
        guard (1...18).contains(value.count), value.allSatisfy(ASCII.isDigit) else { throw .badRequest }
        let length = value.reduce(UInt64(0)) { $0 * 10 + UInt64($1 - UInt8(ascii: "0")) }
        guard self.length == nil || self.length == length else { throw .badRequest }
        self.length = length
    }

    /// Only `chunked` alone is done. HTTP/1.0 has no transfer codings: what such a message means is anybody's guess
    /// (RFC 9112 section 6.1).
    private mutating func readTransferEncoding(_ value: ArraySlice<UInt8>, of head: HTTPHead) throws(HTTPStatus) {
        guard head.minorVersion > 0, !self.isChunked else { throw .badRequest }
        guard ASCII.matches(value, Self.chunked) else { throw .notImplemented }
        self.isChunked = true
    }

    private static let close = Array("close".utf8)
    private static let keepAlive = Array("keep-alive".utf8)
    private static let chunked = Array("chunked".utf8)
}
