import CausewayBytes
import Glibc
import Testing

/// Memory between two pages that end the process when they are touched.
final class GuardedPages {
    private static let pageCount = 4096

    private let mapping: UnsafeMutableRawPointer
    private let middle: ByteRegion

    /// `count` pages of memory; the guards come on top.
    init(count: Int) throws {
        let size = count * Self.pageCount
        let mapping = mmap(nil, size + 2 * Self.pageCount, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        self.mapping = try #require(mapping != MAP_FAILED ? mapping : nil)
        self.middle = ByteRegion(base: self.mapping + Self.pageCount, count: size)
        try #require(mprotect(self.middle.base, size, PROT_READ | PROT_WRITE) == 0)
    }

    deinit {
        munmap(self.mapping, self.middle.count + 2 * Self.pageCount)
    }

    /// The first `count` bytes, right behind a guard.
    func head(_ count: Int) -> ByteRegion { self.middle.region(0..<count) }

    /// The last `count` bytes, right before a guard.
    func tail(_ count: Int) -> ByteRegion { self.middle.suffix(from: self.middle.count - count) }
}
