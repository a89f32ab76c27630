import Glibc

/// Small files of our own, written so that a reader, also one after a power failure, finds the old text or the new one.
public enum SmallFile {
    private static let maximumCount = 4096

    /// The text at `path`, cut where it is long; `nil` where there is no file.
    public static func read(_ path: String) throws(SystemCallError) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw SystemCallError(code: errno, call: "open")
        }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: self.maximumCount)
        let count = Glibc.read(descriptor, &bytes, bytes.count)
        guard count >= 0 else { throw SystemCallError(code: errno, call: "read") }
        return String(decoding: bytes[..<count], as: UTF8.self)
    }

    /// Puts a file with `text` in the place of what is at `path`, and makes that last.
    public static func write(_ text: String, to path: String) throws(SystemCallError) {
        let new = "\(path).new"
        try self.create(text, at: new)
        guard rename(new, path) == 0 else { throw SystemCallError(code: errno, call: "rename") }
        try self.keepDirectory(of: path)
    }

    public static func remove(_ path: String) throws(SystemCallError) {
        guard unlink(path) == 0 || errno == ENOENT else { throw SystemCallError(code: errno, call: "unlink") }
        try self.keepDirectory(of: path)
    }

    public static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    /// Makes a directory for its owner alone, where there is none.
    public static func makeDirectory(_ path: String) throws(SystemCallError) {
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw SystemCallError(code: errno, call: "mkdir") }
    }

    /// Writes `text` into a file at `path`, whatever was in it.
    static func create(_ text: String, at path: String) throws(SystemCallError) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o644)
        guard descriptor >= 0 else { throw SystemCallError(code: errno, call: "open") }
        defer { close(descriptor) }
        let bytes = Array(text.utf8)
        guard Glibc.write(descriptor, bytes, bytes.count) == bytes.count else {
            throw SystemCallError(code: errno, call: "write")
        }
        guard fsync(descriptor) == 0 else { throw SystemCallError(code: errno, call: "fsync") }
    }

    static func keepDirectory(of path: String) throws(SystemCallError) {
        let directory = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        let descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw SystemCallError(code: errno, call: "open") }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw SystemCallError(code: errno, call: "fsync") }
    }
}
