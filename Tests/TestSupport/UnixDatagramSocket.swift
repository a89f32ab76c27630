import Foundation

/// A Unix socket that receives datagrams. It holds some that nobody has read, ten as a kernel comes; who sends without
/// waiting loses any more.
public final class UnixDatagramSocket: Sendable {
    private static let patience = 20

    private let descriptor: CInt

    public init(at path: String) throws {
        self.descriptor = socket(AF_UNIX, CInt(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let isAbstract = path.hasPrefix("@")
        let name = isAbstract ? [0] + Array(path.utf8.dropFirst()) : Array(path.utf8) + [0]
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: name) }
        let length = socklen_t(MemoryLayout<sa_family_t>.size + name.count)
        let status = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(self.descriptor, $0, length) }
        }
        guard status == 0 else { throw TestFailure("bind: \(errno)") }
        var patience = timeval(tv_sec: Self.patience, tv_usec: 0)
        setsockopt(self.descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit {
        close(self.descriptor)
    }

    /// The next message that is as wanted; `nil` when none comes, whatever else does.
    public func receive(_ isWanted: (String) -> Bool = { _ in true }) -> String? {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let deadline = Deadline(seconds: Double(Self.patience))
        while !deadline.hasPassed {
            let count = recv(self.descriptor, &buffer, buffer.count, 0)
            guard count >= 0 else { return nil }
            let text = String(decoding: buffer[0..<count], as: UTF8.self)
            if isWanted(text) { return text }
        }
        return nil
    }

    /// Whether no message waits.
    public var isEmpty: Bool {
        var byte: UInt8 = 0
        return recv(self.descriptor, &byte, 1, CInt(MSG_DONTWAIT | MSG_PEEK)) < 0
    }
}
