public import CausewayBytes
import Glibc

/// Tells a service manager how the process is (sd_notify(3)): datagrams of `NAME=value` lines on a Unix socket.
public struct NotifySocket: Sendable {
    private let descriptor: CInt
    /// `sockaddr_un` and as much of it as is used.
    private let address: [UInt8]

    /// - Parameters:
    ///   - path: of `NOTIFY_SOCKET`: absolute, or beginning with `@` for the abstract namespace. `nil` comes of anything
    ///     else, and where there is no socket to be had.
    ///   - patience: how long a message that is to arrive waits for room in the manager's queue.
    public init?(_ path: String, patience: Interval = .seconds(5)) {
        guard path.utf8.count > 1, path.utf8.count < 108, path.hasPrefix("/") || path.hasPrefix("@") else { return nil }
        let descriptor = socket(AF_UNIX, CInt(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return nil }
        self.descriptor = descriptor
        let microseconds = patience.nanoseconds / 1000
        var limit = timeval(tv_sec: Int(microseconds / 1_000_000), tv_usec: Int(microseconds % 1_000_000))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        let family = withUnsafeBytes(of: sa_family_t(AF_UNIX)) { Array($0) }
        // An abstract name has a zero byte in the place of the sign, and its length ends it.
        let name = path.hasPrefix("@") ? [0] + Array(path.utf8.dropFirst()) : Array(path.utf8) + [0]
        self.address = family + name
    }

    /// Sends `lines` as one message. Nobody hears whether it arrives: the manager's absence is no fault of ours.
    ///
    /// - Parameter isToArrive: whether to wait where the manager's queue is full. A message that another like it will
    ///   follow goes without.
    public func send(_ lines: [String], isToArrive: Bool) {
        let message = Array(lines.joined(separator: "\n").utf8)
        self.address.withUnsafeBytes { address in
            guard let start = address.bindMemory(to: sockaddr.self).baseAddress else { return }
            let flags = CInt(isToArrive ? MSG_NOSIGNAL : MSG_DONTWAIT | MSG_NOSIGNAL)
            var result: Int
            repeat {
                result = sendto(self.descriptor, message, message.count, flags, start, socklen_t(address.count))
            } while result == -1 && errno == EINTR
        }
    }
}
