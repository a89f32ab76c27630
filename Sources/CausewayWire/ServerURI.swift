/// How a client reaches a server, as one line that clients take in (SIP002).
///
///     ss://method:password@host:port#name
///
/// For the methods of 2022 the password is percent-encoded and not base64.
public struct ServerURI: Equatable, Sendable {
    public let method: Method
    /// The key chain: base64 texts joined by colons.
    public let password: String
    /// A name or an IP address; IPv6 without brackets.
    public let host: String
    public let port: UInt16
    /// What clients call the server.
    public let name: String

    public init(method: Method, password: String, host: String, port: UInt16, name: String) {
        self.method = method
        self.password = password
        self.host = host
        self.port = port
        self.name = name
    }

    /// The line.
    public var text: String {
        let host = self.host.contains(":") ? "[\(self.host)]" : self.host
        let name = self.name.isEmpty ? "" : "#\(Self.encoded(self.name))"
        return "ss://\(self.method.rawValue):\(Self.encoded(self.password))@\(host):\(self.port)\(name)"
    }

    /// Percent encoding of everything but what never has a meaning (RFC 3986 section 2.3).
    private static func encoded(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF")
        var encoded = ""
        for byte in text.utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x2d, 0x2e, 0x5f, 0x7e:
                encoded.unicodeScalars.append(UnicodeScalar(byte))
            default: encoded += "%\(digits[Int(byte >> 4)])\(digits[Int(byte & 15)])"
            }
        }
        return encoded
    }
}
