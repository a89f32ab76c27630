public import CausewayBytes

/// What a health check fetches: an `http` URL (RFC 9110 section 4.2.1) without user information or fragment.
public struct CheckURL: Equatable, Sendable {
    /// Bytes of a path and query at most.
    private static let maximumPathCount = 1_024

    public let target: Address
    /// Path and query, beginning with a slash.
    public let path: String

    /// The URL in `text`; `nil` where it is none of that kind.
    public init?(_ text: String) {
        let scheme = "http://"
        guard text.lowercased().hasPrefix(scheme) else { return nil }
        let rest = text.dropFirst(scheme.count)
        let authority = rest.prefix { $0 != "/" && $0 != "?" }
        let path = rest.dropFirst(authority.count)
        guard path.utf8.count < Self.maximumPathCount,
            path.utf8.allSatisfy({ (0x21...0x7e).contains($0) && $0 != UInt8(ascii: "#") }),
            !authority.contains("@"), let target = Address(authority) ?? Address("\(authority):80"), target.port > 0
        else { return nil }
        self.target = target
        self.path = path.hasPrefix("/") ? String(path) : "/\(path)"
    }
}
