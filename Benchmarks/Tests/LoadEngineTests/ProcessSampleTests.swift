import Glibc
import LoadEngine
import Testing

@Suite struct ProcessSampleTests {
    private static let rollup = """
        5581a4c00000-7ffc5d5f2000 ---p 00000000 00:00 0                          [rollup]
        Rss:                9000 kB
        Pss:                4200 kB
        Shared_Clean:       6000 kB
        Private_Clean:       400 kB
        Private_Dirty:      2600 kB
        """

    @Test func `private memory is the clean and the dirty`() {
        #expect(MemorySample(text: Self.rollup) == MemorySample(residentKiB: 9000, privateKiB: 3000))
    }

    @Test func `a rollup without a field gives no sample`() {
        #expect(MemorySample(text: Self.rollup.replacing("Private_Dirty", with: "Private_Other")) == nil)
        #expect(MemorySample(text: "") == nil)
    }

    @Test func `busy time leaves out idling, waiting and what guests count twice`() {
        let text = "cpu  1 2 4 1000 1000 8 16 32 1000 1000\ncpu0 1 1 1 1 1 1 1 1 1 1\n"
        #expect(MachineSample(text: text, ticksPerSecond: 100)?.busy == 630_000_000)
        #expect(MachineSample(text: "intr 5\n", ticksPerSecond: 100) == nil)
    }

    @Test func `work shows on the clock of the process`() throws {
        let before = try ProcessSample(of: getpid()).cpu
        var state: UInt64 = 1
        for _ in 0..<1_000_000 { state = state &* 6_364_136_223_846_793_005 &+ 1 }
        #expect(state != 0)
        #expect(try ProcessSample(of: getpid()).cpu > before)
    }

    /// One above the highest id that Linux gives; none at all; one whose clock's name would be that of another process.
    @Test(arguments: [1 << 22, 0, Int32.max])
    func `a process that is not there cannot be sampled`(process: Int32) {
        #expect(throws: SystemCallError.self) { try ProcessSample(of: process) }
        #expect(throws: SystemCallError.self) { try MemorySample(of: process) }
    }
}
