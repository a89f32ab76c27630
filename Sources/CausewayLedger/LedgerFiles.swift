import Glibc

/// The directory of a ledger, held by one process at a time.
final class LedgerFiles {
    let directory: String
    /// A descriptor that holds the lock; -1 where it was let go of.
    private(set) var lock: CInt

    var database: String { "\(self.directory)/ledger.sqlite" }
    var counters: String { "\(self.directory)/counters" }
    var newCounters: String { "\(self.directory)/counters.new" }

    /// Makes the directory where there is none, for its owner alone, and takes it.
    init(directory: String) throws(LedgerError) {
        self.directory = directory
        if mkdir(directory, 0o700) != 0, errno != EEXIST {
            throw .system(path: directory, reason: String(cString: strerror(errno)))
        }
        let path = "\(directory)/lock"
        let lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard lock >= 0 else { throw .system(path: path, reason: String(cString: strerror(errno))) }
        guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
            let isHeld = errno == EWOULDBLOCK
            let reason = String(cString: strerror(errno))
            close(lock)
            throw isHeld ? .inUse(path: directory) : .system(path: path, reason: reason)
        }
        self.lock = lock
        // SQLite takes over the mode of the database for the files beside it.
        let database = open("\(directory)/ledger.sqlite", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        if database >= 0 { close(database) }
    }

    /// A directory whose lock another process holds and shares.
    ///
    /// - Parameter lock: a descriptor of that lock, which becomes this object's.
    init(directory: String, sharing lock: CInt) {
        self.directory = directory
        self.lock = lock
    }

    deinit {
        self.letGo()
    }

    /// Leaves the directory to those who share the lock.
    func letGo() {
        guard self.lock >= 0 else { return }
        close(self.lock)
        self.lock = -1
    }

    /// Moves a file that is not ours out of the way; where to, or `nil` where that fails.
    func setAside(_ path: String, now: Int64) -> String? {
        let target = "\(path).foreign-\(now)"
        return rename(path, target) == 0 ? target : nil
    }

    /// Removes new counters that are not wanted.
    func removeNewCounters() {
        unlink(self.newCounters)
    }

    /// Puts the new counters in the place of the old ones, and makes that last.
    func installNewCounters() -> Bool {
        guard rename(self.newCounters, self.counters) == 0 else { return false }
        let descriptor = open(self.directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        return fsync(descriptor) == 0
    }
}
