/// An application's UDP association at a SOCKS5 proxy (RFC 1928 section 7).
public final class SocksAssociation: Sendable {
    /// The connection that the association lasts as long as.
    public let control: LoopbackSocket
    public let socket: LoopbackDatagrams
    /// Where datagrams are to be sent.
    public let relayPort: UInt16

    /// Asks the proxy on `proxyPort` for one.
    ///
    /// - Parameter user: whose name is its password; `nil` where nobody is asked for one.
    public convenience init(via proxyPort: UInt16, user: String? = nil) throws {
        let control = try LoopbackSocket(connectingTo: proxyPort)
        if let user {
            try control.write([5, 1, 2])
            guard try control.read(exactly: 2) == [5, 2] else { throw TestFailure("no password is wanted") }
            let name = [UInt8(user.utf8.count)] + Array(user.utf8)
            try control.write([1] + name + name)
            guard try control.read(exactly: 2) == [1, 0] else { throw TestFailure("\(user) is refused") }
        } else {
            try control.write([5, 1, 0])
            guard try control.read(exactly: 2) == [5, 0] else { throw TestFailure("a password is wanted") }
        }
        try self.init(on: control)
    }

    /// Asks for one on a connection whose user, or that there is none, is agreed on.
    public init(on control: LoopbackSocket) throws {
        try control.write([5, 3, 0, 1, 0, 0, 0, 0, 0, 0])
        let head = try control.read(exactly: 4)
        guard head[1] == 0, head[3] == 1 else { throw TestFailure("the proxy answered \(head[1])") }
        let bound = try control.read(exactly: 6)
        self.relayPort = UInt16(bound[4]) << 8 | UInt16(bound[5])
        self.control = control
        self.socket = try LoopbackDatagrams()
    }

    /// Sends a datagram to an address of loopback, in host byte order.
    public func send(_ payload: [UInt8], to port: UInt16, at address: UInt32 = 0x7f00_0001) throws {
        let octets = stride(from: 24, through: 0, by: -8).map { UInt8(truncatingIfNeeded: address >> UInt32($0)) }
        try self.send([1] + octets, port, payload)
    }

    /// Sends a datagram to a host by name.
    public func send(_ payload: [UInt8], to port: UInt16, named name: String) throws {
        try self.send([3, UInt8(name.utf8.count)] + Array(name.utf8), port, payload)
    }

    private func send(_ host: [UInt8], _ port: UInt16, _ payload: [UInt8]) throws {
        let header = [0, 0, 0] + host + [UInt8(port >> 8), UInt8(port & 0xff)]
        try self.socket.send(header + payload, to: self.relayPort)
    }

    /// Sends any bytes to where datagrams are to be sent.
    public func sendRaw(_ bytes: [UInt8]) throws { try self.socket.send(bytes, to: self.relayPort) }

    /// The next answer, with the IPv4 address and port that it says to come from; `nil` when none has come in time.
    public func receive() -> (payload: [UInt8], address: UInt32, port: UInt16)? {
        guard let (bytes, _, _) = self.socket.receive(), bytes.count >= 10, bytes[0..<4] == [0, 0, 0, 1] else {
            return nil
        }
        let address = bytes[4..<8].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        return (Array(bytes[10...]), address, UInt16(bytes[8]) << 8 | UInt16(bytes[9]))
    }

    /// Sends and takes the answer; throws where that is another, or none.
    public func exchange(_ payload: [UInt8], with port: UInt16, at address: UInt32 = 0x7f00_0001) throws {
        try self.send(payload, to: port, at: address)
        guard let answer = self.receive() else { throw TestFailure("no answer to \(payload.count) bytes") }
        guard answer.payload == payload, answer.port == port, answer.address == address else {
            throw TestFailure("\(answer.payload.count) bytes from port \(answer.port) answer \(payload.count) bytes")
        }
    }
}
