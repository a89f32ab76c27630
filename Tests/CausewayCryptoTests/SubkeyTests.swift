import CausewayCrypto
import TestSupport
import Testing

@Suite struct SubkeyTests {
    @Test(arguments: [16, 32]) func `keeps its bytes in memory order`(count: Int) {
        let bytes = (0..<count).map { UInt8($0 + 1) }
        #expect(Subkey(bytes).bytes(32) == bytes + Array(repeating: 0, count: 32 - count))
    }

    @Test(arguments: [16, 32]) func `takes the first bytes of a hash's output`(count: Int) {
        let output = BLAKE3.Block { UInt32($0) * 0x0404_0404 + 0x0302_0100 }
        let expected = (0..<count).map { UInt8($0) } + Array(repeating: 0, count: 32 - count)
        #expect(Subkey(output, count: count).bytes(32) == expected)
    }

    @Test func `is all zero when there is none`() {
        #expect(Subkey().bytes(32) == Array(repeating: 0, count: 32))
    }
}
