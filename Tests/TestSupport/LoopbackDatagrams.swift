import Foundation
import Synchronization

/// A UDP socket of a test on an address of 127.0.0.0/8; receiving ends after `patience`.
public final class LoopbackDatagrams: Sendable {
    private let descriptor: CInt

    /// - Parameters:
    ///   - address: in host byte order.
    ///   - patience: seconds that a datagram is waited for.
    public init(address: UInt32 = 0x7f00_0001, port: UInt16 = 0, patience: Double = 10) throws {
        self.descriptor = socket(AF_INET, CInt(SOCK_DGRAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        guard self.descriptor >= 0 else { throw TestFailure("no socket: \(String(cString: strerror(errno)))") }
        var name = Self.name(address, port)
        let isBound = withUnsafePointer(to: &name) { name in
            name.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(self.descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        guard isBound else { throw TestFailure("cannot bind: \(String(cString: strerror(errno)))") }
        var buffer: CInt = 8 << 20
        setsockopt(self.descriptor, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, socklen_t(MemoryLayout<CInt>.size))
        self.setPatience(seconds: patience)
    }

    deinit { close(self.descriptor) }

    public func setPatience(seconds: Double) {
        let whole = Int(seconds)
        var time = timeval(tv_sec: whole, tv_usec: Int((seconds - Double(whole)) * 1_000_000))
        setsockopt(self.descriptor, SOL_SOCKET, SO_RCVTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
    }

    private static func name(_ address: UInt32, _ port: UInt16) -> sockaddr_in {
        var name = sockaddr_in()
        name.sin_family = sa_family_t(AF_INET)
        name.sin_addr.s_addr = address.bigEndian
        name.sin_port = port.bigEndian
        return name
    }

    /// The port that the socket is bound to.
    public var port: UInt16 {
        var name = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &name) { name in
            name.withMemoryRebound(to: sockaddr.self, capacity: 1) { _ = getsockname(self.descriptor, $0, &length) }
        }
        return UInt16(bigEndian: name.sin_port)
    }

    /// Sends one datagram.
    public func send(_ bytes: [UInt8], to port: UInt16, at address: UInt32 = 0x7f00_0001) throws {
        var name = Self.name(address, port)
        let count = withUnsafePointer(to: &name) { name in
            name.withMemoryRebound(to: sockaddr.self, capacity: 1) { name in
                sendto(self.descriptor, bytes, bytes.count, 0, name, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard count == bytes.count else { throw TestFailure("not sent: \(String(cString: strerror(errno)))") }
    }

    /// The next datagram and where it comes from; `nil` when none has come in time.
    public func receive() -> (bytes: [UInt8], address: UInt32, port: UInt16)? {
        var bytes = [UInt8](repeating: 0, count: 65_536)
        var name = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let count = withUnsafeMutablePointer(to: &name) { name in
            name.withMemoryRebound(to: sockaddr.self, capacity: 1) { name in
                recvfrom(self.descriptor, &bytes, bytes.count, 0, name, &length)
            }
        }
        guard count >= 0 else { return nil }
        return (Array(bytes[..<count]), UInt32(bigEndian: name.sin_addr.s_addr), UInt16(bigEndian: name.sin_port))
    }
}

/// A UDP server that gives back what it gets, on a thread of its own, until the test lets go of it.
public final class DatagramEcho: Sendable {
    private let socket: LoopbackDatagrams
    private let isStopped = Atomic(false)
    private let senders = Mutex<Set<UInt16>>([])

    /// - Parameter address: of 127.0.0.0/8, in host byte order.
    public init(address: UInt32 = 0x7f00_0001) throws {
        let socket = try LoopbackDatagrams(address: address, patience: 0.2)
        self.socket = socket
        Thread.detachNewThread { [weak self] in
            while true {
                let datagram = socket.receive()
                guard let self, !self.isStopped.load(ordering: .relaxed) else { return }
                guard let (bytes, address, port) = datagram else { continue }
                self.senders.withLock { _ = $0.insert(port) }
                try? socket.send(bytes, to: port, at: address)
            }
        }
    }

    deinit { self.isStopped.store(true, ordering: .relaxed) }

    public var port: UInt16 { self.socket.port }

    /// The ports that datagrams have come from.
    public var senderPorts: Set<UInt16> { self.senders.withLock { $0 } }
}
