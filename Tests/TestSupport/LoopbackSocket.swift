import Foundation
import Synchronization

/// What a read found.
public enum ReadResult: Equatable, Sendable {
    case bytes([UInt8])
    /// The peer has finished writing (FIN).
    case end
    /// The peer has reset the connection (RST).
    case reset
    /// Nothing came within the socket's patience; the connection stands.
    case silence
}

/// A blocking TCP socket on 127.0.0.1 whose every operation ends after `patience`.
public final class LoopbackSocket: Sendable {
    private let descriptor: Atomic<CInt>
    /// Held while closing or interrupting, so that no other thread's descriptor of the same number is hit.
    private let closing = Mutex(())

    /// Takes over a connected or listening descriptor.
    init(owning descriptor: CInt) {
        self.descriptor = Atomic(descriptor)
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        self.setPatience(seconds: 60)
    }

    /// Connects to `port`.
    public convenience init(connectingTo port: UInt16) throws {
        self.init(owning: try Self.socket())
        try Self.withAddress(port) { address, length in
            if Glibc.connect(self.rawValue, address, length) != 0 { throw Self.failure("connect to port \(port)") }
        }
    }

    /// A listening socket; port 0 takes any.
    static func listening(on port: UInt16) throws -> LoopbackSocket {
        let socket = LoopbackSocket(owning: try Self.socket())
        socket.set(SOL_SOCKET, SO_REUSEADDR, 1 as CInt)
        try Self.withAddress(port) { address, length in
            if bind(socket.rawValue, address, length) != 0 { throw Self.failure("bind to port \(port)") }
        }
        if listen(socket.rawValue, 4096) != 0 { throw Self.failure("listen on port \(port)") }
        return socket
    }

    deinit {
        self.close()
    }

    /// How long an operation may block before it counts as silence (reading) or as a failure (all others).
    public func setPatience(seconds: Double) {
        let whole = Int(seconds)
        let time = timeval(tv_sec: whole, tv_usec: Int((seconds - Double(whole)) * 1_000_000))
        self.set(SOL_SOCKET, SO_RCVTIMEO, time)
        self.set(SOL_SOCKET, SO_SNDTIMEO, time)
    }

    /// The port the socket is bound to.
    public var localPort: UInt16 {
        var address = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &address) { address in
            address.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                _ = getsockname(self.rawValue, address, &length)
            }
        }
        return UInt16(bigEndian: address.sin_port)
    }

    /// Writes all of `bytes`.
    public func write(_ bytes: [UInt8]) throws {
        try bytes.withUnsafeBytes { try self.write($0) }
    }

    /// Writes all of `bytes`.
    public func write(_ bytes: UnsafeRawBufferPointer) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let part = UnsafeRawBufferPointer(rebasing: rest)
            let count = send(self.rawValue, part.baseAddress, part.count, CInt(MSG_NOSIGNAL))
            if count < 0, errno == EINTR { continue }
            if count < 0 { throw Self.failure("write") }
            rest = rest.dropFirst(count)
        }
    }

    /// Reads into `buffer` and returns the count, which is 0 at the end; `nil` after `patience`. Throws on a reset.
    public func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int? {
        while true {
            let count = recv(self.rawValue, buffer.baseAddress, buffer.count, 0)
            if count >= 0 { return count }
            if errno == EINTR { continue }
            if errno == EAGAIN { return nil }
            throw Self.failure("read")
        }
    }

    /// Whatever comes first: up to `limit` bytes, or how the connection ended.
    public func read(upTo limit: Int = 65536) -> ReadResult {
        var bytes = [UInt8](repeating: 0, count: limit)
        do {
            guard let count = try bytes.withUnsafeMutableBytes({ try self.read(into: $0) }) else { return .silence }
            return count == 0 ? .end : .bytes(Array(bytes[..<count]))
        } catch {
            return .reset
        }
    }

    /// Exactly `count` bytes; throws when the connection ends or falls silent before.
    public func read(exactly count: Int) throws -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count < count {
            let result = self.read(upTo: count - bytes.count)
            guard case .bytes(let more) = result else {
                throw TestFailure("\(result) after \(bytes.count) of \(count) bytes")
            }
            bytes += more
        }
        return bytes
    }

    /// All bytes that come, and how the connection ended or that it did not.
    public func readToEnd() -> (bytes: [UInt8], ending: ReadResult) {
        var bytes: [UInt8] = []
        while true {
            let result = self.read()
            guard case .bytes(let more) = result else { return (bytes, result) }
            bytes += more
        }
    }

    /// Sends FIN; reading goes on.
    public func finishWriting() {
        shutdown(self.rawValue, CInt(SHUT_WR))
    }

    /// Sends RST.
    public func reset() {
        self.set(SOL_SOCKET, SO_LINGER, linger(l_onoff: 1, l_linger: 0))
        self.close()
    }

    /// Ends both directions and wakes whoever blocks on the socket; the descriptor stays until `close`.
    public func interrupt() {
        self.closing.withLock { _ in _ = shutdown(self.rawValue, CInt(SHUT_RDWR)) }
    }

    public func close() {
        self.closing.withLock { _ in
            let descriptor = self.descriptor.exchange(-1, ordering: .acquiringAndReleasing)
            if descriptor >= 0 { _ = Glibc.close(descriptor) }
        }
    }

    /// The next connection of a listening socket; `nil` once it is interrupted.
    func accept() -> LoopbackSocket? {
        while true {
            let descriptor = Glibc.accept(self.rawValue, nil, nil)
            if descriptor >= 0 { return LoopbackSocket(owning: descriptor) }
            if errno != EINTR && errno != EAGAIN && errno != ECONNABORTED { return nil }
        }
    }

    private var rawValue: CInt { self.descriptor.load(ordering: .acquiring) }

    private func set<Value>(_ level: CInt, _ option: CInt, _ value: Value) {
        withUnsafeBytes(of: value) { value in
            _ = setsockopt(self.rawValue, level, option, value.baseAddress, socklen_t(value.count))
        }
    }

    private static func socket() throws -> CInt {
        let descriptor = Glibc.socket(AF_INET, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw Self.failure("socket") }
        return descriptor
    }

    private static func withAddress(_ port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) throws -> Void) throws
    {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = (127 << 24 | 1 as UInt32).bigEndian
        try withUnsafePointer(to: &address) { address in
            try address.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                try body(address, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }

    private static func failure(_ call: String) -> TestFailure {
        TestFailure("\(call): \(String(cString: strerror(errno)))")
    }
}
