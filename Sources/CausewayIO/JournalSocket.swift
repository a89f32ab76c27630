import Glibc

/// Gives events with their fields to systemd's journal (systemd.io/JOURNAL_NATIVE_PROTOCOL): a datagram for each.
public struct JournalSocket: Sendable {
    /// Where the journal listens.
    public static let standardPath = "/run/systemd/journal/socket"
    /// Bytes of a value; the rest of it is left out. An event so fits into a datagram, and no file has to be passed.
    public static let maximumValueCount = 16_384
    /// Fields of an event; those beyond are left out.
    public static let maximumFieldCount = 10

    private let descriptor: CInt
    private let address: [UInt8]

    /// - Parameter path: of a Unix socket that takes datagrams. `nil` comes of one that is too long, and where there is
    ///   no socket to be had; nobody may listen yet.
    public init?(path: String = Self.standardPath) {
        guard path.hasPrefix("/"), path.utf8.count < 108 else { return nil }
        let descriptor = socket(AF_UNIX, CInt(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return nil }
        self.descriptor = descriptor
        self.address = withUnsafeBytes(of: sa_family_t(AF_UNIX)) { Array($0) } + Array(path.utf8) + [0]
    }

    /// Whether standard error is the stream that `variable`, the environment's `JOURNAL_STREAM`, names by device and
    /// inode (systemd.exec(5)). An environment is inherited also by whom a terminal or a file was given.
    public static func isStandardError(_ variable: String?) -> Bool {
        guard let parts = variable?.split(separator: ":", omittingEmptySubsequences: false), parts.count == 2,
            let device = UInt64(parts[0]), let inode = UInt64(parts[1])
        else { return false }
        var status = stat()
        guard fstat(STDERR_FILENO, &status) == 0 else { return false }
        return UInt64(status.st_dev) == device && UInt64(status.st_ino) == inode
    }

    /// Sends an event; false where the journal does not take it.
    public func send(_ fields: [(name: String, value: String)]) -> Bool {
        let message = Self.message(fields)
        return self.address.withUnsafeBytes { address in
            guard let start = address.bindMemory(to: sockaddr.self).baseAddress else { return false }
            // Waits for nobody: a journal that is late must not hold up a loop.
            let flags = CInt(MSG_DONTWAIT | MSG_NOSIGNAL)
            let count = sendto(self.descriptor, message, message.count, flags, start, socklen_t(address.count))
            return count == message.count
        }
    }

    /// The event as the journal reads it. Names that it would not take are made such: capital letters, digits and
    /// underscores, with a letter first.
    public static func message(_ fields: [(name: String, value: String)]) -> [UInt8] {
        var bytes: [UInt8] = []
        for (name, value) in fields.prefix(self.maximumFieldCount) {
            bytes += self.name(name)
            let value = Array(value.utf8.prefix(self.maximumValueCount))
            if value.contains(0x0a) {
                bytes.append(0x0a)
                bytes += withUnsafeBytes(of: UInt64(value.count).littleEndian) { Array($0) }
            } else {
                bytes.append(UInt8(ascii: "="))
            }
            bytes += value
            bytes.append(0x0a)
        }
        return bytes
    }

    private static func name(_ text: String) -> [UInt8] {
        let name = text.utf8.prefix(64).map { byte -> UInt8 in
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): byte
            case UInt8(ascii: "a")...UInt8(ascii: "z"): byte - 0x20
            default: UInt8(ascii: "_")
            }
        }
        guard let first = name.first, (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(first) else {
            return Array("F".utf8) + name
        }
        return name
    }
}
