import CausewayBytes

/// Version 1: one line of text, such as `PROXY TCP4 192.0.2.1 198.51.100.7 56324 443`.
extension ProxyHeader {
    private static let word = Array("PROXY ".utf8)
    /// The longest line, its end included (section 2.1).
    private static let maximumLineCount = 107

    static func parseLine(_ input: ByteRegion) throws(Malformed) -> Parsed {
        for index in 0..<min(input.count, self.word.count) where input[index] != self.word[index] { throw .signature }
        var end = self.word.count
        while end + 1 < input.count, end + 1 < self.maximumLineCount {
            if input[end] == 0x0d {
                guard input[end + 1] == 0x0a else { throw .line }
                let line = input.region(self.word.count..<end).array()
                return .header(try self.header(line), count: end + 2)
            }
            end += 1
        }
        guard input.count < self.maximumLineCount else { throw .line }
        return .needMore
    }

    private static func header(_ line: [UInt8]) throws(Malformed) -> ProxyHeader {
        let parts = line.split(separator: 0x20, omittingEmptySubsequences: false)
        let family = parts.first.map { String(decoding: $0, as: UTF8.self) }
        // Whatever follows is to be ignored (section 2.1).
        if family == "UNKNOWN" { return ProxyHeader(source: nil, destination: nil) }
        guard parts.count == 5, family == "TCP4" || family == "TCP6" else { throw .line }
        let source = try self.address(parts[1], parts[3], isV4: family == "TCP4")
        let destination = try self.address(parts[2], parts[4], isV4: family == "TCP4")
        return ProxyHeader(source: source, destination: destination)
    }

    private static func address(
        _ ip: ArraySlice<UInt8>,
        _ port: ArraySlice<UInt8>,
        isV4: Bool
    ) throws(Malformed) -> SocketAddress {
        let digits = String(decoding: port, as: UTF8.self)
        guard let ip = IPAddress(String(decoding: ip, as: UTF8.self)), (1...5).contains(port.count),
            port.allSatisfy({ (0x30...0x39).contains($0) }), port.first != 0x30 || port.count == 1,
            let port = UInt16(digits)
        else { throw .line }
        // An address of IPv6 that stands for one of IPv4 is one of IPv4 to us.
        if isV4, !ip.isV4 { throw .line }
        return SocketAddress(ip: ip, port: port)
    }
}
