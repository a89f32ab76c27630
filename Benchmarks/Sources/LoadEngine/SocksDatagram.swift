/// The header before the payload of every datagram between a client and a SOCKS5 proxy (RFC 1928, section 7).
public struct SocksDatagram: Equatable, Sendable {
    /// Who sent the payload; `nil` where that is no IPv4 address.
    public let source: Endpoint?
    /// How long the header is.
    public let headerSize: Int

    /// The header for an IPv4 target: not a fragment.
    public static func header(to target: Endpoint) -> [UInt8] {
        // A request ends with the same address as a header, after as many bytes.
        [0, 0, 0] + SocksDialogue.request(to: target)[3...]
    }

    /// Reads the header of what the proxy has sent; `nil` for a fragment, and for anything else that is no such header.
    public init?(_ datagram: UnsafeRawBufferPointer) {
        guard datagram.count >= 5, datagram[..<3].allSatisfy({ $0 == 0 }) else { return nil }
        let addressSize: Int
        switch datagram[3] {
        case 1: addressSize = 4
        case 3: addressSize = 1 + Int(datagram[4])
        case 4: addressSize = 16
        default: return nil
        }
        self.headerSize = 4 + addressSize + 2
        guard datagram.count >= self.headerSize else { return nil }
        guard datagram[3] == 1 else {
            self.source = nil
            return
        }
        let host = UInt32(bigEndian: datagram.loadUnaligned(fromByteOffset: 4, as: UInt32.self))
        let port = UInt16(bigEndian: datagram.loadUnaligned(fromByteOffset: 8, as: UInt16.self))
        self.source = Endpoint(host: host, port: port)
    }
}
