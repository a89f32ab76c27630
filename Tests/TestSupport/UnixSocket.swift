import Glibc

/// A blocking Unix socket of a test.
public final class UnixSocket: Sendable {
    private let descriptor: CInt

    private init() throws {
        self.descriptor = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard self.descriptor >= 0 else { throw TestFailure("socket: \(String(cString: strerror(errno)))") }
        var time = timeval(tv_sec: 30, tv_usec: 0)
        setsockopt(self.descriptor, SOL_SOCKET, SO_RCVTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit {
        Glibc.close(self.descriptor)
    }

    public convenience init(connectingTo path: String) throws {
        try self.init()
        let result = try Self.withAddress(path) { Glibc.connect(self.descriptor, $0, $1) }
        guard result == 0 else { throw TestFailure("connect: \(String(cString: strerror(errno)))") }
    }

    /// A socket that listens and never accepts.
    public static func listening(at path: String) throws -> UnixSocket {
        let socket = try UnixSocket()
        let result = try Self.withAddress(path) { bind(socket.descriptor, $0, $1) }
        guard result == 0, listen(socket.descriptor, 4) == 0 else {
            throw TestFailure("bind: \(String(cString: strerror(errno)))")
        }
        return socket
    }

    /// The file of a socket whose owner is gone.
    public static func leaveBehind(at path: String) throws {
        _ = try Self.listening(at: path)
    }

    public func write(_ bytes: [UInt8]) throws {
        let count = bytes.withUnsafeBytes { send(self.descriptor, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL)) }
        guard count == bytes.count else { throw TestFailure("write: \(String(cString: strerror(errno)))") }
    }

    /// All that comes until the end, or for half a minute.
    public func readToEnd() -> [UInt8] {
        var all: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = recv(self.descriptor, &buffer, buffer.count, 0)
            guard count > 0 else { return all }
            all += buffer[..<count]
        }
    }

    private static func withAddress<Result>(
        _ path: String,
        _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
    ) throws -> Result {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else {
            throw TestFailure("\(path) is too long")
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        return withUnsafePointer(to: &address) { address in
            address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }
}
