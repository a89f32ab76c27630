/// The SOCKS5 address encoding (RFC 1928 section 5), which Shadowsocks 2022 uses too:
///
///     01 | IPv4[4]  | port u16be         7 bytes
///     04 | IPv6[16] | port u16be        19 bytes
///     03 | n u8 | name[n] | port u16be   4 + n bytes, n = 1...255
extension Address {
    /// The longest encoding: a name of 255 bytes.
    public static let maximumEncodedCount = 259

    /// Why an encoded address cannot be read.
    public enum WireError: Error, Equatable {
        /// The bytes end inside the address; more may come.
        case incomplete
        /// The address type is none of 1, 3 and 4.
        case unknownType
        /// The name is empty or has control bytes.
        case invalidName
    }

    /// Bytes that `encode` writes.
    public var encodedCount: Int {
        switch self.host {
        case .ip(.v4): 7
        case .ip(.v6): 19
        case .name(let name): 4 + name.bytes.count
        }
    }

    /// Writes the address at the start of `region` and returns the bytes written, `encodedCount`.
    @discardableResult
    public func encode(into region: ByteRegion) -> Int {
        let count = self.encodedCount
        switch self.host {
        case .ip(.v4(let ip)):
            region[0] = 1
            region.store(ip, at: 1)
        case .ip(.v6(let high, let low)):
            region[0] = 4
            region.store(high, at: 1)
            region.store(low, at: 9)
        case .name(let name):
            region[0] = 3
            region[1] = UInt8(truncatingIfNeeded: name.bytes.count)
            region.copy(name.bytes, to: 2)
        }
        region.store(self.port, at: count - 2)
        return count
    }

    /// Reads an address; on `incomplete` the reader's position means nothing.
    public static func parse(_ reader: inout WireReader) throws(WireError) -> Address {
        guard let type = reader.read(UInt8.self) else { throw .incomplete }
        let host: Host
        switch type {
        case 1:
            guard let ip = reader.read(UInt32.self) else { throw .incomplete }
            host = .ip(.v4(ip))
        case 4:
            guard let high = reader.read(UInt64.self), let low = reader.read(UInt64.self) else { throw .incomplete }
            host = .ip(IPAddress(v6High: high, low: low))
        case 3:
            guard let count = reader.read(UInt8.self) else { throw .incomplete }
            guard count > 0 else { throw .invalidName }
            guard let bytes = reader.readBytes(Int(count)) else { throw .incomplete }
            guard let name = Host(bytes.array()) else { throw .invalidName }
            host = name
        default:
            throw .unknownType
        }
        guard let port = reader.read(UInt16.self) else { throw .incomplete }
        return Address(host: host, port: port)
    }
}
