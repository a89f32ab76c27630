import CLinux
import CausewayCore
import Glibc

/// The users' byte counters in a file that is mapped into memory: written by a store, owned by the kernel, and so there
/// after `kill -9`.
///
///     page 0       magic, version, loops, ledger, epoch, checksum
///     chunk 0      4,096 owners (user, check, account words), then per column 4,096 × (up, down)
///     chunk 1      …
///
/// A file counts for one **epoch**: from one start of the node to the next, which folds it into the database and makes
/// a new one. A node that hands over to another process goes on in the same epoch and file: each process has a
/// **side**, with a column for each of its loops, and holds a lock on the byte of the file with the side's number as long
/// as it lives (fcntl(2), F_OFD_SETLK), so that the others see when it has ended; a later one goes on counting there.
///
/// A chunk gets its blocks on the disk before it is used, so that a full disk is an error here and not a signal in a
/// loop; where there are none it lies in memory alone, as a page does that a failing disk does not take.
///
/// Not safe to share; the counters that it gives out are, and stay valid as long as the file does.
final class CounterFile {
    static let slotsPerChunk = 4096
    private static let pageSize = 4096
    private static let magic: UInt64 = 0x5453_4e55_4f43_5743
    private static let version: UInt64 = 3
    private static let headerWords = 6
    private static let ownerWidth = Layout.present.ownerWidth

    /// How a chunk is made up. A file of an earlier version is read, so that nothing is lost by an upgrade, and never
    /// counted on in.
    private struct Layout {
        /// Bytes of an owner.
        var ownerWidth: Int
        /// Processes that have columns of their own.
        var sides: Int

        static let present = Layout(ownerWidth: 16 + AccountWords.width, sides: AccountWords.sides)

        static func of(version: UInt64) -> Layout? {
            switch version {
            case CounterFile.version: self.present
            // Until there were hand-overs.
            case 1: Layout(ownerWidth: 16, sides: 1)
            default: nil
            }
        }

        /// Bytes of a chunk: whole pages for any number of loops.
        func chunkSize(_ loops: Int) -> Int {
            CounterFile.slotsPerChunk * (self.ownerWidth + self.sides * loops * UsageCounters.width)
        }
    }

    /// What a file of an earlier run says.
    struct Recovered {
        var epoch: UInt64
        var usage: [(user: Int64, traffic: Traffic)]
    }

    /// Why a file is not one of this ledger.
    enum Foreign: Error {
        case unreadable(String), malformed(String)
        /// As many processes count in it as can.
        case crowded
    }

    let epoch: UInt64
    /// Loops that a side has room for.
    let loops: Int
    /// This process's side.
    let side: Int
    /// Sides of processes that were there when this one came, or came later, and have not been seen to end.
    private var others: Set<Int> = []
    private let descriptor: CInt
    private var chunks: [UnsafeMutableRawPointer] = []
    private var used = 0
    /// Places of users in a file that is counted on in, until they are asked for.
    private var kept: [Int64: Int] = [:]
    /// Chunks that lie in memory alone.
    private(set) var volatileChunks = 0
    var isInFile: Bool { self.descriptor >= 0 }
    /// Why the last chunk could not lie in the file.
    private(set) var failure: String?
    /// Pages that had failed before there was this file.
    private let rescuedBefore = CLinux_mapping_rescued()

    /// A new file at `path`, which replaces what is there; counters in memory alone where `path` is `nil` or cannot be
    /// had, and then ``failure`` says why.
    init(path: String?, ledger: UInt64, epoch: UInt64, loops: Int) {
        self.epoch = epoch
        self.loops = loops
        self.side = 0
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
        // Nobody else can have one: the file is new.
        _ = Self.take(self.side, of: self.descriptor)
    }

    /// The file at `path`, to be counted on in: for when what it has counted cannot be folded, or somebody else still
    /// counts in it.
    ///
    /// - Parameters:
    ///   - loops: those that count; a side needs room for so many.
    /// - Throws: ``Foreign`` as ``recover(path:ledger:)`` does, and where there is no room.
    init(resuming path: String, ledger: UInt64, loops: Int) throws(Foreign) {
        let descriptor = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { throw .unreadable(Self.reason()) }
        let header: Header
        do throws(Foreign) {
            header = try Self.header(descriptor, ledger: ledger)
            guard header.isPresent else { throw .malformed("it is of another version") }
            guard header.loops >= loops else { throw .malformed("it is of fewer loops") }
            guard let side = (0..<AccountWords.sides).first(where: { Self.take($0, of: descriptor) }) else {
                throw .crowded
            }
            self.side = side
        } catch {
            close(descriptor)
            throw error
        }
        self.descriptor = descriptor
        self.epoch = header.epoch
        self.loops = header.loops
        self.lookForOthers()
        try self.map(header)
    }

    // MARK: - Sides

    /// Takes a side, as long as the file is open; `false` where another process has it.
    private static func take(_ side: Int, of descriptor: CInt) -> Bool {
        CLinux_lock_byte(descriptor, Int64(side)) == 0
    }

    /// Finds the sides that other processes have.
    func lookForOthers() {
        for side in 0..<AccountWords.sides
        where side != self.side && CLinux_is_byte_locked(self.descriptor, Int64(side)) {
            self.others.insert(side)
        }
    }

    /// Whether another process is known that counts, or whose end was not seen.
    var hasOthers: Bool { !self.others.isEmpty }

    /// Sides whose processes have ended since this was asked last.
    func endedSides() -> [Int] {
        let ended = self.freeSides.filter { self.others.contains($0) }
        self.others.subtract(ended)
        return ended
    }

    /// Sides that no process has, this one's aside.
    var freeSides: [Int] {
        (0..<AccountWords.sides).filter { $0 != self.side && !CLinux_is_byte_locked(self.descriptor, Int64($0)) }
    }

    /// Whether a process counts in the file at `path`; one that cannot be looked at is nobody's.
    static func isInUse(_ path: String) -> Bool {
        let descriptor = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        return (0..<AccountWords.sides).contains { CLinux_is_byte_locked(descriptor, Int64($0)) }
    }

    // MARK: - Places

    /// Goes on after another process has made places in the file: they are asked for again, by those whose they are.
    func goOn() throws(Foreign) {
        guard self.descriptor >= 0 else { return }
        let header = try Self.header(self.descriptor, ledger: nil)
        guard header.epoch == self.epoch else { throw .malformed("it is of another epoch") }
        self.lookForOthers()
        try self.map(header)
    }

    /// Maps the chunks that the file has beyond those that are mapped, and finds whose the places are.
    private func map(_ header: Header) throws(Foreign) {
        let size = Self.chunkSize(header.loops)
        for number in self.chunks.count..<max(header.chunks, self.chunks.count) {
            let offset = off_t(Self.pageSize + number * size)
            let memory = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_SHARED, self.descriptor, offset)
            guard let memory, memory != MAP_FAILED else { throw .unreadable(Self.reason()) }
            self.add(memory)
        }
        for (number, chunk) in self.chunks.enumerated() {
            for place in 0..<Self.slotsPerChunk {
                guard let user = Self.owner(chunk, place, epoch: self.epoch) else { continue }
                let slot = number * Self.slotsPerChunk + place
                self.used = max(self.used, slot + 1)
                self.kept[user] = slot
            }
        }
    }

    deinit {
        for chunk in self.chunks {
            CLinux_mapping_unguard(chunk)
            munmap(chunk, Self.chunkSize(self.loops))
        }
        if self.descriptor >= 0 { close(self.descriptor) }
    }

    /// A place for one more user: its counters at zero, or where they stood in a file that is counted on in.
    ///
    /// - Throws: where there is not even memory.
    func allocate(for user: Int64) throws(LedgerError) -> AccountPlace {
        if let slot = self.kept.removeValue(forKey: user) { return self.place(slot, isKept: true) }
        if self.used == self.chunks.count * Self.slotsPerChunk { try self.addChunk() }
        let slot = self.used
        self.used += 1
        let owner = self.chunks[slot / Self.slotsPerChunk] + slot % Self.slotsPerChunk * Self.ownerWidth
        owner.storeBytes(of: Self.check(user, self.epoch), toByteOffset: 8, as: UInt64.self)
        owner.storeBytes(of: UInt64(bitPattern: user), as: UInt64.self)
        return self.place(slot, isKept: false)
    }

    private func place(_ slot: Int, isKept: Bool) -> AccountPlace {
        let chunk = self.chunks[slot / Self.slotsPerChunk]
        let place = slot % Self.slotsPerChunk
        let counters = UsageCounters(
            base: chunk + Self.slotsPerChunk * Self.ownerWidth + place * UsageCounters.width,
            stride: Self.slotsPerChunk * UsageCounters.width,
            columns: AccountWords.sides * self.loops,
            first: self.side * self.loops
        )
        let words = AccountWords(at: chunk + place * Self.ownerWidth + 16, side: self.side)
        return AccountPlace(counters: counters, words: words, isKept: isKept)
    }

    /// Brings what was counted to the disk.
    ///
    /// - Throws: `LedgerError.notWritable` where the disk does not take it.
    func synchronize() throws(LedgerError) {
        guard self.descriptor >= 0 else { return }
        if CLinux_mapping_rescued() != self.rescuedBefore {
            self.failure = self.failure ?? "the disk does not take what is counted"
        }
        for chunk in self.chunks where msync(chunk, Self.chunkSize(self.loops), MS_SYNC) != 0 {
            throw .notWritable(reason: "counters: \(Self.reason())")
        }
    }

    /// Makes a mapping of the file one of the chunks.
    private func add(_ chunk: UnsafeMutableRawPointer) {
        _ = CLinux_mapping_guard(chunk, Self.chunkSize(self.loops))
        self.chunks.append(chunk)
    }

    private func addChunk() throws(LedgerError) {
        let size = Self.chunkSize(self.loops)
        if self.descriptor >= 0, self.failure == nil {
            let offset = off_t(Self.pageSize + self.chunks.count * size)
            let error = posix_fallocate(self.descriptor, offset, off_t(size))
            if error == 0 {
                let memory = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_SHARED, self.descriptor, offset)
                if let memory, memory != MAP_FAILED { return self.add(memory) }
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
        let header = try self.header(descriptor, ledger: ledger)
        let size = header.layout.chunkSize(header.loops)
        var recovered = Recovered(epoch: header.epoch, usage: [])
        // Read, not mapped: a disk that does not give a page back is an error here, and the end of the process there.
        let memory = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: self.pageSize)
        defer { memory.deallocate() }
        for number in 0..<header.chunks {
            try self.read(descriptor, at: self.pageSize + number * size, size, into: memory)
            self.read(memory, header, into: &recovered)
        }
        return recovered
    }

    /// Reads `count` bytes; what the file is too short for is zero.
    private static func read(
        _ descriptor: CInt,
        at offset: Int,
        _ count: Int,
        into memory: UnsafeMutableRawPointer
    ) throws(Foreign) {
        var done = 0
        while done < count {
            let result = pread(descriptor, memory + done, count - done, off_t(offset + done))
            if result < 0, errno == EINTR { continue }
            guard result >= 0 else { throw .unreadable(self.reason()) }
            guard result > 0 else { break }
            done += result
        }
        (memory + done).initializeMemory(as: UInt8.self, repeating: 0, count: count - done)
    }

    private struct Header {
        var layout: Layout
        var isPresent: Bool
        var loops: Int
        var epoch: UInt64
        var chunks: Int
    }

    /// - Parameter ledger: the one that the file is to be of; `nil` where that is known.
    private static func header(_ descriptor: CInt, ledger: UInt64?) throws(Foreign) -> Header {
        var information = stat()
        guard fstat(descriptor, &information) == 0, information.st_mode & S_IFMT == S_IFREG else {
            throw .malformed("it is no regular file")
        }
        var header = [UInt64](repeating: 0, count: self.headerWords)
        let count = header.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress, $0.count, 0) }
        guard count == self.headerWords * 8, header[0] == self.magic else { throw .malformed("it has another header") }
        guard header[5] == self.checksum(Array(header[0..<5])) else { throw .malformed("its header is torn") }
        guard let layout = Layout.of(version: header[1]), (1...1024).contains(header[2]) else {
            throw .malformed("it is of another version")
        }
        guard ledger == nil || header[3] == ledger else { throw .malformed("it belongs to another ledger") }
        let loops = Int(header[2])
        let chunks = max(Int(information.st_size) - self.pageSize, 0) / layout.chunkSize(loops)
        let isPresent = header[1] == self.version
        return Header(layout: layout, isPresent: isPresent, loops: loops, epoch: header[4], chunks: chunks)
    }

    /// Whose a place is; `nil` for nobody's, and where that was not written whole.
    private static func owner(
        _ chunk: UnsafeMutableRawPointer,
        _ place: Int,
        epoch: UInt64,
        width: Int = CounterFile.ownerWidth
    ) -> Int64? {
        let owner = chunk + place * width
        let user = Int64(bitPattern: owner.load(as: UInt64.self))
        return user != 0 && owner.load(fromByteOffset: 8, as: UInt64.self) == self.check(user, epoch) ? user : nil
    }

    private static func read(_ chunk: UnsafeMutableRawPointer, _ header: Header, into recovered: inout Recovered) {
        let width = header.layout.ownerWidth
        for place in 0..<self.slotsPerChunk {
            guard let user = self.owner(chunk, place, epoch: recovered.epoch, width: width) else { continue }
            let base = chunk + self.slotsPerChunk * width + place * UsageCounters.width
            var traffic = Traffic()
            for column in 0..<header.layout.sides * header.loops {
                let counters = base + column * self.slotsPerChunk * UsageCounters.width
                traffic.up &+= counters.load(as: UInt64.self)
                traffic.down &+= counters.load(fromByteOffset: 8, as: UInt64.self)
            }
            recovered.usage.append((user, traffic))
        }
    }

    // MARK: - Layout

    private static func chunkSize(_ loops: Int) -> Int { Layout.present.chunkSize(loops) }

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
