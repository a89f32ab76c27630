import CausewayCore
import Glibc

/// The users' byte counters in a file that is mapped into memory: written by a store, owned by the kernel, and so there
/// after `kill -9`.
///
///     page 0       magic, version, loops, ledger, epoch, checksum
///     chunk 0      4,096 owners (user, check), then per loop 4,096 × (up, down)
///     chunk 1      …
///
/// A file counts for one **epoch**: from one start of the node to the next, which folds it into the database and makes
/// a new one. A chunk gets its blocks on the disk before it is used, so that a full disk is an error here and not a
/// signal in a loop; where there are none it lies in memory alone.
///
/// Not safe to share; the counters that it gives out are, and stay valid as long as the file does.
final class CounterFile {
    static let slotsPerChunk = 4096
    private static let pageSize = 4096
    private static let magic: UInt64 = 0x5453_4e55_4f43_5743
    private static let version: UInt64 = 1
    private static let headerWords = 6
    private static let ownerWidth = 16

    /// What a file of an earlier run says.
    struct Recovered {
        var epoch: UInt64
        var usage: [(user: Int64, traffic: Traffic)]
    }

    /// Why a file is not one of this ledger.
    enum Foreign: Error {
        case unreadable(String), malformed(String)
    }

    let epoch: UInt64
    private let loops: Int
    private let descriptor: CInt
    private var chunks: [UnsafeMutableRawPointer] = []
    private var used = 0
    /// Chunks that lie in memory alone.
    private(set) var volatileChunks = 0
    /// Why the last chunk could not lie in the file.
    private(set) var failure: String?

    /// A new file at `path`, which replaces what is there; counters in memory alone where `path` is `nil` or cannot be
    /// had, and then ``failure`` says why.
    init(path: String?, ledger: UInt64, epoch: UInt64, loops: Int) {
        self.epoch = epoch
        self.loops = loops
        guard let path else {
            self.descriptor = -1
            return
        }
        self.descriptor = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard self.descriptor >= 0 else {
            self.failure = Self.reason()
            return
        }
        var header = [Self.magic, Self.version, UInt64(loops), ledger, epoch]
        header.append(Self.checksum(header))
        let written = header.withUnsafeBytes { pwrite(self.descriptor, $0.baseAddress, $0.count, 0) }
        if written != header.count * 8 { self.failure = Self.reason() }
    }

    deinit {
        for chunk in self.chunks { munmap(chunk, Self.chunkSize(self.loops)) }
        if self.descriptor >= 0 { close(self.descriptor) }
    }

    /// Counters, at zero, for one more user.
    ///
    /// - Throws: where there is not even memory.
    func allocate(for user: Int64) throws(LedgerError) -> UsageCounters {
        let place = self.used % Self.slotsPerChunk
        if place == 0 { try self.addChunk() }
        self.used += 1
        let chunk = self.chunks[self.chunks.count - 1]
        let owner = chunk + place * Self.ownerWidth
        owner.storeBytes(of: Self.check(user, self.epoch), toByteOffset: 8, as: UInt64.self)
        owner.storeBytes(of: UInt64(bitPattern: user), as: UInt64.self)
        let base = chunk + Self.slotsPerChunk * Self.ownerWidth + place * UsageCounters.width
        return UsageCounters(base: base, stride: Self.slotsPerChunk * UsageCounters.width, loops: self.loops)
    }

    /// Brings what was counted to the disk.
    func synchronize() {
        guard self.descriptor >= 0 else { return }
        for chunk in self.chunks { msync(chunk, Self.chunkSize(self.loops), MS_SYNC) }
    }

    private func addChunk() throws(LedgerError) {
        let size = Self.chunkSize(self.loops)
        if self.descriptor >= 0, self.failure == nil {
            let offset = off_t(Self.pageSize + self.chunks.count * size)
            let error = posix_fallocate(self.descriptor, offset, off_t(size))
            if error == 0 {
                let memory = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_SHARED, self.descriptor, offset)
                if let memory, memory != MAP_FAILED { return self.chunks.append(memory) }
                self.failure = Self.reason()
            } else {
                self.failure = String(cString: strerror(error))
            }
        }
        let memory = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        guard let memory, memory != MAP_FAILED else {
            throw .notWritable(reason: "no memory for counters: \(Self.reason())")
        }
        self.volatileChunks += 1
        self.chunks.append(memory)
    }

    // MARK: - Reading

    /// What the file at `path` has counted; `nil` where there is none.
    ///
    /// - Throws: ``Foreign`` where it is no file of `ledger`, or torn. An owner that was not written whole is left out:
    ///   nothing was counted for it yet.
    static func recover(path: String, ledger: UInt64) throws(Foreign) -> Recovered? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw .unreadable(self.reason())
        }
        defer { close(descriptor) }
        var information = stat()
        guard fstat(descriptor, &information) == 0, information.st_mode & S_IFMT == S_IFREG else {
            throw .malformed("it is no regular file")
        }
        var header = [UInt64](repeating: 0, count: self.headerWords)
        let count = header.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress, $0.count, 0) }
        guard count == self.headerWords * 8, header[0] == self.magic else { throw .malformed("it has another header") }
        guard header[5] == self.checksum(Array(header[0..<5])) else { throw .malformed("its header is torn") }
        guard header[1] == self.version, (1...1024).contains(header[2]) else {
            throw .malformed("it is of another version")
        }
        guard header[3] == ledger else { throw .malformed("it belongs to another ledger") }
        let loops = Int(header[2])
        let size = self.chunkSize(loops)
        var recovered = Recovered(epoch: header[4], usage: [])
        let chunkCount = max(Int(information.st_size) - self.pageSize, 0) / size
        for number in 0..<chunkCount {
            let offset = off_t(self.pageSize + number * size)
            let memory = mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, offset)
            guard let memory, memory != MAP_FAILED else { throw .unreadable(self.reason()) }
            self.read(memory, loops: loops, into: &recovered)
            munmap(memory, size)
        }
        return recovered
    }

    private static func read(_ chunk: UnsafeMutableRawPointer, loops: Int, into recovered: inout Recovered) {
        for place in 0..<self.slotsPerChunk {
            let owner = chunk + place * self.ownerWidth
            let user = Int64(bitPattern: owner.load(as: UInt64.self))
            guard user != 0, owner.load(fromByteOffset: 8, as: UInt64.self) == self.check(user, recovered.epoch)
            else { continue }
            let base = chunk + self.slotsPerChunk * self.ownerWidth + place * UsageCounters.width
            var traffic = Traffic()
            for loop in 0..<loops {
                let counters = base + loop * self.slotsPerChunk * UsageCounters.width
                traffic.up &+= counters.load(as: UInt64.self)
                traffic.down &+= counters.load(fromByteOffset: 8, as: UInt64.self)
            }
            recovered.usage.append((user, traffic))
        }
    }

    // MARK: - Layout

    /// Bytes of a chunk: whole pages for any number of loops.
    private static func chunkSize(_ loops: Int) -> Int {
        self.slotsPerChunk * (self.ownerWidth + loops * UsageCounters.width)
    }

    /// FNV-1a over the words' bytes.
    private static func checksum(_ words: [UInt64]) -> UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for word in words {
            for shift in stride(from: 0, to: 64, by: 8) {
                hash = (hash ^ (word >> UInt64(shift) & 0xff)) &* 0x100_0000_01b3
            }
        }
        return hash
    }

    private static func check(_ user: Int64, _ epoch: UInt64) -> UInt64 {
        self.checksum([UInt64(bitPattern: user), epoch])
    }

    private static func reason() -> String { String(cString: strerror(errno)) }
}
