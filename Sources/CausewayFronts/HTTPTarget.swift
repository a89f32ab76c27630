/// The parts of an absolute request target, `http://authority/path?query` (RFC 9112 section 3.2.2).
struct HTTPTarget: Sendable {
    let authority: ArraySlice<UInt8>
    /// Path and query, empty where the target ends with its authority. A fragment, which clients should not send, is
    /// left out.
    let path: ArraySlice<UInt8>

    init(_ text: ArraySlice<UInt8>) throws(HTTPStatus) {
        guard let colon = text.firstIndex(of: ASCII.colon), text[colon...].starts(with: Self.separator),
            let first = text.first, ASCII.isLetter(first), text[..<colon].allSatisfy(Self.isScheme)
        else { throw .badRequest }
        // Another scheme is well understood and not done here.
        guard ASCII.matches(text[..<colon], Self.scheme) else { throw .notImplemented }
        let rest = text[(colon + 3)...]
        let end = rest.firstIndex(of: UInt8(ascii: "#")) ?? rest.endIndex
        let pathStart = rest[..<end].firstIndex { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "?") } ?? end
        self.authority = rest[..<pathStart]
        self.path = rest[pathStart..<end]
    }

    private static let scheme = Array("http".utf8)
    private static let separator = Array("://".utf8)

    private static func isScheme(_ byte: UInt8) -> Bool {
        ASCII.isLetter(byte) || ASCII.isDigit(byte) || byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-")
            || byte == UInt8(ascii: ".")
    }
}
