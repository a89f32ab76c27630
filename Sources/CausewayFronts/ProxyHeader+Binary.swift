public import CausewayBytes

/// Version 2: signature[12] | version and command | family and protocol | length u16be | addresses | extensions.
extension ProxyHeader {
    /// The header of a proxy that speaks for itself and not for a customer (command LOCAL).
    public static let version2Local: [UInt8] = signature + [0x20, 0x00, 0x00, 0x00]

    private static let fixedCount = 16
    private static let checksumType: UInt8 = 0x03

    static func parseBinary(_ input: ByteRegion) throws(Malformed) -> Parsed {
        for index in 0..<min(input.count, self.signature.count) where input[index] != self.signature[index] {
            throw .signature
        }
        guard input.count > 12 else { return .needMore }
        guard input[12] == 0x20 || input[12] == 0x21 else { throw .command }
        guard input.count >= self.fixedCount else { return .needMore }
        let count = self.fixedCount + Int(input.load(at: 14, as: UInt16.self))
        guard count <= self.maximumCount else { throw .tooLong }
        let addressCount = try self.addressCount(input[13])
        guard addressCount <= count - self.fixedCount else { throw .addresses }
        guard input.count >= count else { return .needMore }
        let header = input.region(0..<count)
        try self.checkExtensions(header, from: self.fixedCount + addressCount)
        // LOCAL: the proxy speaks for itself.
        if input[12] == 0x20 { return .header(ProxyHeader(source: nil, destination: nil), count: count) }
        return .header(self.addresses(header.suffix(from: self.fixedCount), family: input[13] >> 4), count: count)
    }

    /// Bytes of the two addresses of a family and protocol (section 2.2).
    private static func addressCount(_ code: UInt8) throws(Malformed) -> Int {
        guard code & 0x0f <= 2 else { throw .addresses }
        switch code >> 4 {
        case 0: return 0
        case 1: return 12
        case 2: return 36
        case 3: return 216
        default: throw .addresses
        }
    }

    private static func addresses(_ region: ByteRegion, family: UInt8) -> ProxyHeader {
        switch family {
        case 1:
            return ProxyHeader(
                source: SocketAddress(
                    ip: .v4(region.load(at: 0, as: UInt32.self)),
                    port: region.load(at: 8, as: UInt16.self)
                ),
                destination: SocketAddress(
                    ip: .v4(region.load(at: 4, as: UInt32.self)),
                    port: region.load(at: 10, as: UInt16.self)
                )
            )
        case 2:
            return ProxyHeader(
                source: SocketAddress(
                    ip: IPAddress(
                        v6High: region.load(at: 0, as: UInt64.self),
                        low: region.load(at: 8, as: UInt64.self)
                    ),
                    port: region.load(at: 32, as: UInt16.self)
                ),
                destination: SocketAddress(
                    ip: IPAddress(
                        v6High: region.load(at: 16, as: UInt64.self),
                        low: region.load(at: 24, as: UInt64.self)
                    ),
                    port: region.load(at: 34, as: UInt16.self)
                )
            )
        // A path of a Unix socket names no customer.
        default: return ProxyHeader(source: nil, destination: nil)
        }
    }

    // MARK: - Extensions

    /// Walks the extensions (type, length u16be, value) and checks the sum where there is one.
    private static func checkExtensions(_ header: ByteRegion, from start: Int) throws(Malformed) {
        var offset = start
        while offset < header.count {
            guard header.count - offset >= 3 else { throw .extensions }
            let count = Int(header.load(at: offset + 1, as: UInt16.self))
            guard header.count - offset - 3 >= count else { throw .extensions }
            if header[offset] == self.checksumType {
                guard count == 4 else { throw .checksum }
                let value = header.load(at: offset + 3, as: UInt32.self)
                guard self.checksum(header, zeroing: offset + 3..<offset + 7) == value else { throw .checksum }
            }
            offset += 3 + count
        }
    }

    /// CRC32c (RFC 3720 appendix B.4) of `header` with the bytes of `hole` taken as zero.
    private static func checksum(_ header: ByteRegion, zeroing hole: Range<Int>) -> UInt32 {
        var sum = UInt32.max
        for index in 0..<header.count {
            sum ^= hole.contains(index) ? 0 : UInt32(header[index])
            for _ in 0..<8 { sum = sum >> 1 ^ (sum & 1 == 1 ? 0x82f6_3b78 : 0) }
        }
        return ~sum
    }

    // MARK: - Writing

    /// The header of version 2 for a TCP connection from `source` to `destination`; when they are of two families,
    /// both are written as IPv6.
    public static func version2(source: SocketAddress, destination: SocketAddress) -> [UInt8] {
        var bytes = Self.signature
        bytes.append(0x21)
        if case (.v4(let from), .v4(let to)) = (source.ip, destination.ip) {
            bytes.append(0x11)
            self.append(UInt16(12), to: &bytes)
            self.append(from, to: &bytes)
            self.append(to, to: &bytes)
        } else {
            bytes.append(0x21)
            self.append(UInt16(36), to: &bytes)
            for ip in [source.ip, destination.ip] {
                let (high, low) = self.words(ip)
                self.append(high, to: &bytes)
                self.append(low, to: &bytes)
            }
        }
        self.append(source.port, to: &bytes)
        self.append(destination.port, to: &bytes)
        return bytes
    }

    private static func words(_ ip: IPAddress) -> (UInt64, UInt64) {
        switch ip {
        case .v4(let ip): (0, 0xffff_0000_0000 | UInt64(ip))
        case .v6(let high, let low): (high, low)
        }
    }

    private static func append(_ value: some FixedWidthInteger, to bytes: inout [UInt8]) {
        withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
    }
}
