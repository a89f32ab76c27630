import CausewayBytes

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
        let name = self.name.isEmpty ? "" : "#\(PercentEncoding.encode(self.name))"
        return "ss://\(self.method.rawValue):\(PercentEncoding.encode(self.password))@\(host):\(self.port)\(name)"
    }
}
