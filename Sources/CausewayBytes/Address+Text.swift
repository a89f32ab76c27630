extension SocketAddress {
    /// The address written as `203.0.113.7:443` or `[2001:db8::1]:443`; `nil` for anything else. Port zero is read.
    public init?(_ text: some StringProtocol) {
        guard let address = Address(text), case .ip(let ip) = address.host else { return nil }
        self.init(ip: ip, port: address.port)
    }
}

extension Address {
    /// The address written as `host:port`, where an IPv6 literal, and nothing else, is bracketed; `nil` for anything
    /// else. Port zero is read.
    public init?(_ text: some StringProtocol) {
        guard let colon = text.lastIndex(of: ":") else { return nil }
        let digits = text[text.index(after: colon)...].utf8
        guard (1...5).contains(digits.count), digits.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else { return nil }
        guard digits.count == 1 || digits.first != 0x30 else { return nil }
        guard let port = UInt16(exactly: digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }) else { return nil }
        let host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            // An IPv4-mapped address is written as IPv6 and means IPv4, so it is the colon that counts.
            guard host.contains(":"), let ip = IPAddress(host.dropFirst().dropLast()) else { return nil }
            self.init(host: .ip(ip), port: port)
        } else {
            guard !host.contains(where: { $0 == ":" || $0 == "[" || $0 == "]" }), let host = Host(host.utf8) else {
                return nil
            }
            self.init(host: host, port: port)
        }
    }
}
