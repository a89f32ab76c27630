import CausewayBytes

extension Field {
    /// An IP address and a port above zero.
    func socketAddress() -> SocketAddress? {
        self.parsed("an IP address and a port, such as 127.0.0.1:1080 or [::]:8388") { text in
            SocketAddress(text).flatMap { $0.port > 0 ? $0 : nil }
        }
    }

    /// An IP address, whose port is 53 where none is written.
    func serverAddress() -> SocketAddress? {
        self.parsed("an IP address, such as 9.9.9.9 or [2620:fe::fe]:53") { text in
            if let ip = IPAddress(text) { return SocketAddress(ip: ip, port: 53) }
            return SocketAddress(text).flatMap { $0.port > 0 ? $0 : nil }
        }
    }

    /// A name or an IP address, and a port above zero.
    func address() -> Address? {
        self.parsed("a host and a port, such as exit.example.net:8388") { text in
            Address(text).flatMap { $0.port > 0 ? $0 : nil }
        }
    }

    /// A port above zero.
    func port() -> UInt16? {
        self.number(in: 1...65_535).map(UInt16.init)
    }

    /// A block of addresses whose address has no bits beyond the prefix: such a block is seldom the one that was meant.
    func block() -> CIDR? {
        guard let text = self.text() else { return nil }
        guard let block = CIDR(text) else { return self.fail("is no block of addresses, such as 10.0.0.0/8") }
        guard let slash = text.firstIndex(of: "/"), IPAddress(text[..<slash]) != block.address else { return block }
        return self.fail("has bits beyond its prefix", suggestion: block.description)
    }

    /// A domain in lower case, without the dot at its end.
    func domain() -> String? {
        guard let text = self.text() else { return nil }
        let name = text.hasSuffix(".") ? String(text.dropLast()) : text
        for prefix in ["*.", "."] where name.hasPrefix(prefix) && name.count > prefix.count {
            let rest = String(name.dropFirst(prefix.count))
            return self.fail("a domain stands for every name below it", suggestion: rest)
        }
        let isDomain = name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
                true
            default: false
            }
        }
        guard isDomain, !name.contains(".."), case .name = Host(name.utf8) else {
            return self.fail("is no domain, such as example.com (others than ASCII as xn--…)")
        }
        return name.lowercased()
    }
}
