import CausewayBytes
import CausewayIO
import Testing

@Suite struct BlockPoolTests {
    @Test(arguments: [1, 1023, 1024, 1025, 65_551, 300_000, BlockPool.maximumCount])
    func `a block holds what it was given until it is consumed`(count: Int) {
        let pool = BlockPool(keep: 1 << 20)
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        var block = pool.block(copying: bytes)
        #expect(block.count == count)
        #expect(block.region.array() == bytes)
        block.consume(count / 2)
        #expect(block.region.array() == Array(bytes[(count / 2)...]))
        block.consume(block.count)
        #expect(block.isEmpty && pool.lentCount >= count)
        pool.release(&block)
        #expect(pool.lentCount == 0)
    }

    @Test func `no bytes take no memory`() {
        let pool = BlockPool(keep: 0)
        var block = pool.block(copying: [])
        #expect(block.isEmpty && pool.lentCount == 0)
        pool.release(&block)
        #expect(pool.lentCount == 0)
    }

    @Test func `a released block is lent again`() {
        let pool = BlockPool(keep: 1 << 20)
        var first = pool.block(3000)
        let address = first.region.base
        pool.release(&first)
        var second = pool.block(4000)
        #expect(second.region.base == address)
        pool.release(&second)
    }
}
