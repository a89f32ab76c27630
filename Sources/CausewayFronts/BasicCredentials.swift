/// A name and a password as `Proxy-Authorization: Basic` carries them (RFC 7617): bytes, not text.
struct BasicCredentials: Equatable, Sendable {
    let name: [UInt8]
    let password: [UInt8]

    /// The credentials in a field value without blanks around it. `nil` for another scheme and for what is no
    /// `name:password` in Base64.
    init?(_ value: ArraySlice<UInt8>) {
        guard let blank = value.firstIndex(of: ASCII.space), ASCII.matches(value[..<blank], Self.scheme) else {
            return nil
        }
        let token = value[blank...].drop { $0 == ASCII.space }
        // A name has no colon, a password may.
        guard let pair = Base64.decode(token), let colon = pair.firstIndex(of: ASCII.colon) else { return nil }
        self.name = Array(pair[..<colon])
        self.password = Array(pair[(colon + 1)...])
    }

    private static let scheme = Array("basic".utf8)
}
