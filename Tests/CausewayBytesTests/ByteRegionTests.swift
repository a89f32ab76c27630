import CausewayBytes
import Testing

@Suite struct ByteRegionTests {
    @Test func `reads and writes single bytes`() {
        var bytes: [UInt8] = [1, 2, 3]
        bytes.withByteRegion { region in
            #expect(region.count == 3 && !region.isEmpty)
            #expect((0..<3).map { region[$0] } == [1, 2, 3])
            region[1] = 9
        }
        #expect(bytes == [1, 9, 3])
    }

    @Test func `loads and stores big-endian at any alignment`() {
        for offset in 0..<9 {
            var bytes = [UInt8](repeating: 0xEE, count: 20)
            bytes.withByteRegion { region in
                region.store(0x0102_0304_0506_0708 as UInt64, at: offset)
                #expect(region.load(at: offset, as: UInt64.self) == 0x0102_0304_0506_0708)
                #expect(region.load(at: offset, as: UInt16.self) == 0x0102)
                #expect(region.load(at: offset + 4, as: UInt32.self) == 0x0506_0708)
            }
            #expect(Array(bytes[offset..<offset + 8]) == [1, 2, 3, 4, 5, 6, 7, 8])
            #expect(bytes[..<offset].allSatisfy { $0 == 0xEE } && bytes[(offset + 8)...].allSatisfy { $0 == 0xEE })
        }
    }

    @Test func `gives parts that share its bytes`() {
        var bytes: [UInt8] = [0, 1, 2, 3, 4]
        bytes.withByteRegion { region in
            let part = region.region(1..<4)
            #expect(part.array() == [1, 2, 3])
            part[0] = 7
            part.region(1..<2).clear()
            #expect(region.suffix(from: 3).array() == [3, 4])
            #expect(region.suffix(from: 5).isEmpty && region.region(5..<5).isEmpty)
        }
        #expect(bytes == [0, 7, 0, 3, 4])
    }

    @Test func `copies between overlapping parts`() {
        var bytes: [UInt8] = [1, 2, 3, 4, 5, 0]
        bytes.withByteRegion { region in region.copy(region.region(0..<5), to: 1) }
        #expect(bytes == [1, 1, 2, 3, 4, 5])
        bytes.withByteRegion { region in region.copy(region.region(1..<6), to: 0) }
        #expect(bytes == [1, 2, 3, 4, 5, 5])
        bytes.withByteRegion { region in
            region.copy([8, 9], to: 4)
            region.copy([], to: 6)
        }
        #expect(bytes == [1, 2, 3, 4, 8, 9])
    }

    @Test func `is empty over an empty array`() {
        var bytes: [UInt8] = []
        bytes.withByteRegion { region in
            #expect(region.isEmpty && region.array() == [])
            region.clear()
            region.copy(region)
        }
    }

    @Test func `passes on what its borrower throws`() {
        struct Failure: Error, Equatable {}
        var bytes: [UInt8] = [1]
        #expect(throws: Failure()) {
            try bytes.withByteRegion { region throws(Failure) in
                region[0] = 2
                throw Failure()
            }
        }
        #expect(bytes == [2])
    }

    @Test func `traps beyond its end`() async {
        await #expect(processExitsWith: .failure) { withFour { _ = $0[4] } }
        await #expect(processExitsWith: .failure) { withFour { $0[-1] = 0 } }
        await #expect(processExitsWith: .failure) { withFour { _ = $0.load(at: 1, as: UInt32.self) } }
        await #expect(processExitsWith: .failure) { withFour { $0.store(0 as UInt64, at: 0) } }
        await #expect(processExitsWith: .failure) { withFour { _ = $0.region(2..<5) } }
        await #expect(processExitsWith: .failure) { withFour { _ = $0.suffix(from: 5) } }
        await #expect(processExitsWith: .failure) { withFour { $0.copy([1, 2], to: 3) } }
        await #expect(processExitsWith: .failure) { withFour { $0.copy($0, to: 1) } }
        await #expect(processExitsWith: .failure) { withFour { _ = ByteRegion(base: $0.base, count: -1) } }
        // The same frame without the fault ends well, so what ended the others was the trap.
        await #expect(processExitsWith: .success) { withFour { _ = $0[3] } }
    }
}

/// Lends four bytes; exit tests capture nothing.
private func withFour(_ body: (ByteRegion) -> Void) {
    var bytes: [UInt8] = [1, 2, 3, 4]
    bytes.withByteRegion(body)
}
