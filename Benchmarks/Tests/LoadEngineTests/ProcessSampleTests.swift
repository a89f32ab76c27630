import Glibc
import Testing

@testable import LoadEngine

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

    @Test func `work of a child shows on the clock of the family`() throws {
        // The child works, says so and stops.
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        defer { for end in ends { close(end) } }
        let child = try #require(
            self.spawn("i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; echo x; kill -STOP $$", output: ends[1])
        )
        var byte: UInt8 = 0
        try #require(read(ends[0], &byte, 1) == 1)
        #expect(ProcessFamily(of: getpid()).members.contains(child))
        let own = try ProcessSample(of: child).cpu
        #expect(own > 0)
        #expect(try ProcessSample(of: getpid()).cpu > own)
        kill(child, SIGKILL)
        var status: Int32 = 0
        #expect(waitpid(child, &status, 0) == child)
        #expect(!ProcessFamily(of: getpid()).members.contains(child))
    }

    @Test func `what ended children have used stands behind a name that may hold anything`() {
        let text = "12 (a b) c) S 1 2 3 4 5 6 7 8 9 10 11 12 30 12 20 0"
        #expect(ProcessFamily.endedTicks(stat: text) == 42)
        #expect(ProcessFamily.endedTicks(stat: "12 (a) S 1 2") == nil)
        #expect(ProcessFamily.endedTicks(stat: "") == nil)
    }

    /// A shell that runs `script`, with its output to a descriptor.
    private func spawn(_ script: String, output: Int32) -> Int32? {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, output, 1)
        var arguments: [UnsafeMutablePointer<CChar>?] = ["sh", "-c", script].map { (text: String) in strdup(text) }
        arguments.append(nil)
        defer { for argument in arguments { free(argument) } }
        var child: pid_t = 0
        return posix_spawn(&child, "/bin/sh", &actions, nil, &arguments, nil) == 0 ? child : nil
    }

    /// One above the highest id that Linux gives; none at all; one whose clock's name would be that of another process.
    @Test(arguments: [1 << 22, 0, Int32.max])
    func `a process that is not there cannot be sampled`(process: Int32) {
        #expect(throws: SystemCallError.self) { try ProcessSample(of: process) }
        #expect(throws: SystemCallError.self) { try MemorySample(of: process) }
    }
}
