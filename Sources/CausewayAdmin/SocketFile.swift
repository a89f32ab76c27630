import Glibc
import NIOCore
import Synchronization

/// The place of a Unix socket in the file system.
final class SocketFile: Sendable {
    let path: String
    /// Which file was made here; another one at the path is another process's.
    private let made = Mutex<Identity?>(nil)

    private struct Identity: Equatable {
        var device: dev_t
        var number: ino_t
    }

    init(path: String) {
        self.path = path
    }

    /// Where the socket is made before it appears at the path: so it can take the place of another process's, and the
    /// framework, which removes what it has made, removes nobody else's.
    var birthplace: SocketFile { SocketFile(path: "\(self.path).\(getpid())") }

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

    /// Moves the socket from its birthplace to the path, in one step, whatever is there.
    func appear() throws(AdminError) {
        guard rename(self.birthplace.path, self.path) == 0 else {
            throw .system(path: self.path, reason: String(cString: strerror(errno)))
        }
        self.made.withLock { $0 = self.identity() }
    }

    /// Removes the socket that was made here, unless another one has taken its place.
    func remove() {
        let made = self.made.withLock { $0 }
        if let made, made == self.identity() { unlink(self.path) }
    }

    private func identity() -> Identity? {
        var information = stat()
        guard lstat(self.path, &information) == 0 else { return nil }
        return Identity(device: information.st_dev, number: information.st_ino)
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
