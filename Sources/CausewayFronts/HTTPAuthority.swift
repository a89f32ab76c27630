import CausewayBytes

/// The host and the port of a request target (RFC 3986 section 3.2), without user information, which must not be sent
/// and hides the true host from a reader.
struct HTTPAuthority: Equatable, Sendable {
    let host: Host
    /// `nil` where none is written.
    let port: UInt16?

    /// `nil` for everything but `host`, `host:` and `host:port` with a port of 1 to 65535 and a host that is a name of
    /// letters, digits, `-`, `.`, `_`, `~` and bytes beyond ASCII, an IPv4 address, or an IPv6 address in brackets.
    init?(_ text: ArraySlice<UInt8>) {
        let hostEnd: Int
        if text.first == UInt8(ascii: "[") {
            guard let bracket = text.firstIndex(of: UInt8(ascii: "]")), text[..<bracket].contains(ASCII.colon),
                let host = Host(text[...bracket]), case .ip = host
            else { return nil }
            self.host = host
            hostEnd = bracket + 1
        } else {
            hostEnd = text.firstIndex(of: ASCII.colon) ?? text.endIndex
            guard text[..<hostEnd].allSatisfy(Self.isName), let host = Host(text[..<hostEnd]) else { return nil }
            self.host = host
        }
        guard hostEnd < text.endIndex else {
            self.port = nil
            return
        }
        guard text[hostEnd] == ASCII.colon else { return nil }
        let digits = text[(hostEnd + 1)...]
        guard !digits.isEmpty else {
            self.port = nil
            return
        }
        guard let port = Self.port(digits) else { return nil }
        self.port = port
    }

    private static func port(_ digits: ArraySlice<UInt8>) -> UInt16? {
        guard digits.count <= 5, digits.allSatisfy(ASCII.isDigit) else { return nil }
        let value = digits.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
        return value > 0 ? UInt16(exactly: value) : nil
    }

    private static func isName(_ byte: UInt8) -> Bool {
        if ASCII.isLetter(byte) || ASCII.isDigit(byte) || byte >= 0x80 { return true }
        switch byte {
        case UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"): return true
        default: return false
        }
    }
}
