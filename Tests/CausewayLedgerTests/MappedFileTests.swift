import CLinux
import Glibc
import TestSupport
import Testing

@Suite struct MappedFileTests {
    @Test func `a page that the disk does not take any more goes on in memory, with what it had`() throws {
        let directory = try TemporaryDirectory()
        let path = try directory.write([UInt8](repeating: 7, count: 3 * 4096), to: "file")
        let descriptor = open(path, O_RDWR)
        defer { close(descriptor) }
        let memory = mmap(nil, 3 * 4096, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0)
        let start = try #require(memory == MAP_FAILED ? nil : memory)
        defer { munmap(start, 3 * 4096) }
        #expect(CLinux_mapping_guard(start, 3 * 4096) == 0)
        defer { CLinux_mapping_unguard(start) }
        let before = CLinux_mapping_rescued()
        #expect(CLinux_mapping_rescue(start + 5000) == 0)
        #expect(CLinux_mapping_rescued() == before + 1)
        #expect(start.load(fromByteOffset: 4096, as: UInt8.self) == 7)
        #expect(start.load(fromByteOffset: 8191, as: UInt8.self) == 7)
        for offset in [0, 4096, 8192] { start.storeBytes(of: 9, toByteOffset: offset, as: UInt8.self) }
        var bytes = [UInt8](repeating: 0, count: 3 * 4096)
        #expect(pread(descriptor, &bytes, bytes.count, 0) == bytes.count)
        #expect([bytes[0], bytes[4096], bytes[8192]] == [9, 7, 9])
    }

    @Test func `a page that cannot be read either is left alone`() throws {
        let directory = try TemporaryDirectory()
        let path = try directory.write([UInt8](repeating: 7, count: 4096), to: "file")
        let descriptor = open(path, O_RDWR)
        defer { close(descriptor) }
        let memory = mmap(nil, 2 * 4096, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0)
        let start = try #require(memory == MAP_FAILED ? nil : memory)
        defer { munmap(start, 2 * 4096) }
        // Behind the file's end.
        #expect(CLinux_mapping_rescue(start + 4096) == -EFAULT)
    }
}
