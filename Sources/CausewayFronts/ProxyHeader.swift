public import CausewayBytes

/// The header by which a proxy in front tells whom a connection comes from: the PROXY protocol, versions 1 and 2
/// (proxy-protocol.txt of HAProxy, sections 2.1 and 2.2).
public struct ProxyHeader: Equatable, Sendable {
    /// The customer's address; `nil` where the header does not tell, and the connection's own is to be taken.
    public var source: SocketAddress?
    /// The address that the customer connected to.
    public var destination: SocketAddress?

    public init(source: SocketAddress?, destination: SocketAddress?) {
        self.source = source
        self.destination = destination
    }

    public enum Parsed: Equatable, Sendable {
        case needMore
        /// The header, and how many bytes it takes.
        case header(ProxyHeader, count: Int)
    }

    /// That the bytes are no such header.
    public enum Malformed: Error, Equatable {
        /// It begins like neither version.
        case signature
        /// A line of version 1 that is too long, or is not made as it should be.
        case line
        /// A version or command that there is not.
        case command
        /// A family or protocol that there is not, or one that needs more bytes than the header has.
        case addresses
        /// More bytes than ``maximumCount``.
        case tooLong
        /// The checksum does not fit (section 2.2.3).
        case checksum
        /// An extension runs past the header.
        case extensions
    }

    /// The longest header that is read: the fixed part and addresses of version 2, and half a kilobyte of extensions.
    public static let maximumCount = 536

    /// What version 2 begins with: bytes that no text protocol begins with.
    static let signature: [UInt8] = [0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a]

    /// Reads a header from the first bytes of a connection.
    ///
    /// - Throws: ``Malformed`` as soon as it can be told.
    public static func parse(_ input: ByteRegion) throws(Malformed) -> Parsed {
        guard !input.isEmpty else { return .needMore }
        if input[0] == self.signature[0] { return try self.parseBinary(input) }
        return try self.parseLine(input)
    }
}
