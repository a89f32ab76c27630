import Glibc
import NIOCore

/// The place of a Unix socket in the file system.
struct SocketFile {
    let path: String

    /// Makes room at the path: what a node has left behind that is gone is removed; a socket that somebody answers at,
    /// and anything that is no socket, stays.
    func clear() throws(AdminError) {
        var information = stat()
        guard lstat(self.path, &information) == 0 else {
            if errno == ENOENT { return }
            throw .system(path: self.path, reason: String(cString: strerror(errno)))
        }
        guard information.st_mode & S_IFMT == S_IFSOCK else { throw .notASocket(path: self.path) }
        guard try !self.isAnswered() else { throw .inUse(path: self.path) }
        guard unlink(self.path) == 0 else { throw .system(path: self.path, reason: String(cString: strerror(errno))) }
    }

    func remove() {
        unlink(self.path)
    }

    private func isAnswered() throws(AdminError) -> Bool {
        let descriptor = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw .system(path: self.path, reason: String(cString: strerror(errno))) }
        defer { close(descriptor) }
        do {
            let address = try NIOCore.SocketAddress(unixDomainSocketPath: self.path)
            let result = address.withSockAddr { connect(descriptor, $0, socklen_t($1)) }
            return result == 0 || errno == EAGAIN
        } catch {
            throw .system(path: self.path, reason: "is no path of a socket")
        }
    }
}
