import CLinux
import Glibc

/// A descriptor with one owner at a time, which closes it: for what is passed between processes, far from any loop.
public final class Descriptor: Sendable {
    /// Valid as long as this object is there.
    public let raw: CInt

    /// Takes over a descriptor from whoever has opened it.
    public init(owning raw: CInt) {
        self.raw = raw
    }

    deinit {
        _ = CLinux_close(self.raw)
    }

    /// Whether whoever was at the other ends has gone.
    public var isHungUp: Bool { CLinux_is_hung_up(self.raw) }

    /// The two ends of a pipe.
    public static func pipe() throws(SystemCallError) -> (reading: Descriptor, writing: Descriptor) {
        var ends: [CInt] = [-1, -1]
        _ = try checked("pipe", CLinux_pipe(&ends, 4096))
        return (Descriptor(owning: ends[0]), Descriptor(owning: ends[1]))
    }
}

/// Bytes in a file without a name, which another process can be given.
public enum MemoryFile {
    /// A file that holds `words`.
    public static func make(_ words: [UInt64]) throws(SystemCallError) -> Descriptor {
        let file = Descriptor(owning: try checked("memfd_create", CLinux_memory_file("causeway")))
        var start = 0
        let size = words.count * 8
        while start < size {
            let written = words.withUnsafeBytes { bytes in
                CLinux_write(file.raw, bytes.baseAddress.map { $0 + start }, size - start)
            }
            start += Int(try checked("write", written))
        }
        return file
    }

    /// What a file holds, up to `limit` words.
    public static func read(_ file: Descriptor, limit: Int) throws(SystemCallError) -> [UInt64] {
        let size = Int(lseek(file.raw, 0, SEEK_END))
        guard size >= 0, lseek(file.raw, 0, SEEK_SET) == 0 else { throw SystemCallError(code: errno, call: "lseek") }
        guard size / 8 <= limit else { throw SystemCallError(code: EFBIG, call: "read") }
        var words = [UInt64](repeating: 0, count: size / 8)
        var start = 0
        while start < words.count * 8 {
            let count = words.withUnsafeMutableBytes { bytes in
                CLinux_read(file.raw, bytes.baseAddress.map { $0 + start }, bytes.count - start)
            }
            guard try checked("read", count) > 0 else { throw SystemCallError(code: EIO, call: "read") }
            start += Int(count)
        }
        return words
    }
}
