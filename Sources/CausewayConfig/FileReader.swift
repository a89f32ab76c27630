import Glibc

/// A small file as it was found: its bytes, and whether everybody may read it.
struct FoundFile {
    var bytes: [UInt8]
    var isReadableByAll: Bool
}

/// Why a file could not be read, as the system says it.
struct FileError: Error {
    var reason: String
}

/// Reads files, for whoever parses them. Tests put their own in its place.
struct FileReader: Sendable {
    /// The file at a path, which must not have more bytes than the number.
    var read: @Sendable (_ path: String, _ maximumCount: Int) -> Result<FoundFile, FileError>

    /// Files of the system.
    static let system = FileReader { path, maximumCount in
        // A named pipe opens at once, and then reads as empty, instead of waiting for somebody to write.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { return .failure(.last()) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { return .failure(.last()) }
        var bytes: [UInt8] = []
        while bytes.count <= maximumCount {
            var failure: FileError?
            let block = [UInt8](unsafeUninitializedCapacity: 65_536) { buffer, count in
                count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
                if count < 0 {
                    failure = .last()
                    count = 0
                }
            }
            if let failure { return .failure(failure) }
            if block.isEmpty {
                return .success(FoundFile(bytes: bytes, isReadableByAll: status.st_mode & 0o004 != 0))
            }
            bytes += block
        }
        return .failure(FileError(reason: "has more than \(maximumCount) bytes"))
    }
}

extension FileError {
    /// The failure of the system call that came last.
    static func last() -> FileError {
        FileError(reason: String(cString: strerror(errno)))
    }
}
