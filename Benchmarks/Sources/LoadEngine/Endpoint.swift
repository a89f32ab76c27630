/// An IPv4 address and a port, in host byte order. The load stays on the loopback, so there is no need for more.
public struct Endpoint: Hashable, Sendable, CustomStringConvertible {
    public var host: UInt32
    public var port: UInt16

    public init(host: UInt32, port: UInt16) {
        self.host = host
        self.port = port
    }

    /// Reads `a.b.c.d:port`; `nil` for anything else.
    public init?(_ text: String) {
        let halves = text.split(separator: ":", omittingEmptySubsequences: false)
        guard halves.count == 2, let port = UInt16(halves[1]) else { return nil }
        let octets = halves[0].split(separator: ".", omittingEmptySubsequences: false)
        guard octets.count == 4 else { return nil }
        var host: UInt32 = 0
        for octet in octets {
            guard let octet = UInt8(octet) else { return nil }
            host = host << 8 | UInt32(octet)
        }
        self.init(host: host, port: port)
    }

    /// The address 127.0.x.y.
    public static func loopback(_ x: UInt8, _ y: UInt8) -> UInt32 { 0x7F00_0000 | UInt32(x) << 8 | UInt32(y) }

    public var description: String {
        let octets = [24, 16, 8, 0].map { String(UInt8(truncatingIfNeeded: self.host >> $0)) }
        return octets.joined(separator: ".") + ":\(self.port)"
    }
}
