/// An IP address and a port: what a socket connects to.
public struct SocketAddress: Hashable, Sendable, CustomStringConvertible {
    public var ip: IPAddress
    public var port: UInt16

    public init(ip: IPAddress, port: UInt16) {
        self.ip = ip
        self.port = port
    }

    public var description: String {
        self.ip.isV4 ? "\(self.ip):\(self.port)" : "[\(self.ip)]:\(self.port)"
    }
}

/// A domain name as it travels: 1 to 255 bytes, none of them a control byte, space or DEL. Not guaranteed to be IDNA.
public struct DomainName: Hashable, Sendable, CustomStringConvertible {
    public let bytes: [UInt8]

    /// `nil` for an empty or over-long name and for one with control bytes.
    @inlinable
    public init?(_ bytes: some Collection<UInt8>) {
        guard (1...255).contains(bytes.count), bytes.allSatisfy({ $0 > 0x20 && $0 != 0x7f }) else { return nil }
        self.bytes = Array(bytes)
    }

    public var description: String { String(decoding: self.bytes, as: UTF8.self) }
}

/// Where a session wants to go: a name that is resolved where the traffic leaves, or an address.
public enum Host: Hashable, Sendable, CustomStringConvertible {
    case ip(IPAddress)
    case name(DomainName)

    /// A name that is an IP literal, bracketed or not, is the address. `nil` where `DomainName` is.
    @inlinable
    public init?(_ bytes: some Collection<UInt8>) {
        guard let name = DomainName(bytes) else { return nil }
        // Only what can be a literal pays for the parser: all names with a letter beyond `f` and no colon cannot.
        if let last = name.bytes.last, (last >= 0x30 && last <= 0x39) || last == 0x5d || name.bytes.contains(0x3a) {
            var text = name.description[...]
            if text.hasPrefix("["), text.hasSuffix("]") { text = text.dropFirst().dropLast() }
            if let ip = IPAddress(text) {
                self = .ip(ip)
                return
            }
        }
        self = .name(name)
    }

    public var description: String {
        switch self {
        case .ip(let ip): ip.description
        case .name(let name): name.description
        }
    }
}

/// A host and a port: the target of a session.
public struct Address: Hashable, Sendable, CustomStringConvertible {
    public var host: Host
    public var port: UInt16

    public init(host: Host, port: UInt16) {
        self.host = host
        self.port = port
    }

    public init(_ address: SocketAddress) {
        self.init(host: .ip(address.ip), port: address.port)
    }

    public var description: String {
        switch self.host {
        case .ip(let ip): SocketAddress(ip: ip, port: self.port).description
        case .name(let name): "\(name):\(self.port)"
        }
    }
}
