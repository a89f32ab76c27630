/// What a proxy answered to a request for a session.
public enum ProxyAnswer: Equatable, Sendable {
    /// The reply code of SOCKS5 (RFC 1928, section 6), SOCKS4 (0x5A is success) or HTTP.
    case code(Int)
    /// The connection ended without a whole answer.
    case none(ReadResult)
}

/// The client's half of the local proxy protocols, just enough to ask for a session and read the answer.
extension LoopbackSocket {
    /// Connects to the proxy on `proxyPort` and asks by SOCKS5 for a session to a host by name or literal.
    public static func socks5(via proxyPort: UInt16, to host: String, _ port: UInt16) throws
        -> (socket: LoopbackSocket, answer: ProxyAnswer)
    {
        let socket = try LoopbackSocket(connectingTo: proxyPort)
        try socket.write([5, 1, 0])
        guard try socket.read(exactly: 2) == [5, 0] else { throw TestFailure("the proxy wants authentication") }
        let octets = host.split(separator: ".").compactMap { UInt8($0) }
        let address = octets.count == 4 ? [1] + octets : [3, UInt8(host.utf8.count)] + Array(host.utf8)
        try socket.write([5, 1, 0] + address + [UInt8(port >> 8), UInt8(port & 0xff)])
        let head: [UInt8]
        do {
            head = try socket.read(exactly: 4)
        } catch {
            return (socket, .none(socket.read()))
        }
        _ = try socket.read(exactly: head[3] == 4 ? 18 : 6)
        return (socket, .code(Int(head[1])))
    }

    /// Asks by SOCKS4a for a session to a name.
    public static func socks4a(via proxyPort: UInt16, to host: String, _ port: UInt16) throws
        -> (socket: LoopbackSocket, answer: ProxyAnswer)
    {
        let socket = try LoopbackSocket(connectingTo: proxyPort)
        try socket.write([4, 1, UInt8(port >> 8), UInt8(port & 0xff), 0, 0, 0, 1, 0] + Array(host.utf8) + [0])
        guard let reply = try? socket.read(exactly: 8) else { return (socket, .none(socket.read())) }
        return (socket, .code(Int(reply[1])))
    }

    /// Asks by HTTP CONNECT for a session.
    public static func connect(via proxyPort: UInt16, to host: String, _ port: UInt16) throws
        -> (socket: LoopbackSocket, answer: ProxyAnswer)
    {
        let socket = try LoopbackSocket(connectingTo: proxyPort)
        try socket.write(Array("CONNECT \(host):\(port) HTTP/1.1\r\nHost: \(host):\(port)\r\n\r\n".utf8))
        guard let head = try? socket.readHead() else { return (socket, .none(socket.read())) }
        let status = head.split(separator: " ").dropFirst().first.flatMap { Int($0.prefix(3)) }
        return (socket, .code(status ?? -1))
    }

    /// A session to `port` of 127.0.0.1 that the proxy has granted.
    public static func session(via proxyPort: UInt16, to port: UInt16) throws -> LoopbackSocket {
        let (socket, answer) = try Self.socks5(via: proxyPort, to: "127.0.0.1", port)
        guard answer == .code(0) else { throw TestFailure("the proxy answered \(answer)") }
        return socket
    }

    /// A session of a user whose password is its name (RFC 1929) to `port` of 127.0.0.1.
    public static func session(via proxyPort: UInt16, to port: UInt16, user: String) throws -> LoopbackSocket {
        let socket = try LoopbackSocket(connectingTo: proxyPort)
        let word = [UInt8(user.utf8.count)] + Array(user.utf8)
        try socket.write([5, 1, 2])
        guard try socket.read(exactly: 2) == [5, 2] else { throw TestFailure("passwords are not wanted") }
        try socket.write([1] + word + word)
        guard try socket.read(exactly: 2) == [1, 0] else { throw TestFailure("\(user) is refused") }
        try socket.write([5, 1, 0, 1, 127, 0, 0, 1, UInt8(port >> 8), UInt8(port & 255)])
        guard try socket.read(exactly: 10)[1] == 0 else { throw TestFailure("no session") }
        return socket
    }

    /// The head of an HTTP message, up to its blank line and nothing of what follows.
    public func readHead() throws -> String {
        var head: [UInt8] = []
        while !head.suffix(4).elementsEqual([13, 10, 13, 10]) {
            guard head.count < 65536 else { throw TestFailure("no end of the head") }
            head += try self.read(exactly: 1)
        }
        return String(decoding: head, as: UTF8.self)
    }
}
