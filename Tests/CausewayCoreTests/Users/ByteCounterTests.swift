import CausewayCore
import Testing

@Suite struct ByteCounterTests {
    @Test func `counters of two loops and two directions lie apart and go on from what they hold`() {
        let memory = UnsafeMutableRawPointer.allocate(byteCount: 64, alignment: 16)
        defer { memory.deallocate() }
        memory.initializeMemory(as: UInt8.self, repeating: 0, count: 64)
        let usage = UsageCounters(base: memory, stride: 32, columns: 2)
        usage.up(0).add(5)
        usage.down(0).add(7)
        usage.up(1).add(11)
        usage.down(1).add(20)
        usage.down(1).subtract(7)
        #expect(usage.total == Traffic(up: 16, down: 20))
        #expect(memory.load(as: UInt64.self) == 5)
        #expect(memory.load(fromByteOffset: 40, as: UInt64.self) == 13)
        let again = UsageCounters(base: memory, stride: 32, columns: 2)
        again.up(1).add(1)
        #expect(usage.up(1).count == 12)
    }

    @Test func `a process counts in columns of its own, and sees what others count`() {
        let memory = UnsafeMutableRawPointer.allocate(byteCount: 64, alignment: 16)
        defer { memory.deallocate() }
        memory.initializeMemory(as: UInt8.self, repeating: 0, count: 64)
        let old = UsageCounters(base: memory, stride: 16, columns: 4)
        let new = UsageCounters(base: memory, stride: 16, columns: 4, first: 2)
        old.up(1).add(1)
        new.up(0).add(2)
        new.down(1).add(4)
        #expect(old.total == Traffic(up: 3, down: 4) && new.total == old.total)
        #expect(memory.load(fromByteOffset: 32, as: UInt64.self) == 2)
    }
}
