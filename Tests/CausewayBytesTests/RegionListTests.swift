import CausewayBytes
import Testing

@Suite struct RegionListTests {
    @Test func `keeps regions in order until it is emptied`() {
        var bytes: [UInt8] = [1, 2, 3, 4, 5, 6]
        bytes.withByteRegion { region in
            let list = RegionList(capacity: 3)
            #expect(list.count == 0 && list.byteCount == 0)
            list.append(region.region(0..<1))
            list.append(region.region(1..<3))
            list.append(region.region(3..<6))
            #expect(list.count == 3 && list.byteCount == 6)
            #expect(list[1].array() == [2, 3])
            list[1] = region.region(5..<6)
            #expect(list[1].array() == [6] && list.byteCount == 5)
            list.removeAll()
            #expect(list.count == 0 && list.byteCount == 0)
            list.append(region)
            #expect(list[0].array() == [1, 2, 3, 4, 5, 6])
        }
    }

    @Test func `lends base address and count of each, as writev takes them`() {
        var bytes: [UInt8] = [1, 2, 3]
        bytes.withByteRegion { region in
            let list = RegionList(capacity: 2)
            list.append(region.region(0..<1))
            list.append(region.region(1..<3))
            list.withRegions { regions in
                #expect(regions.count == 2)
                let words = UnsafeRawBufferPointer(regions).bindMemory(to: UInt.self)
                #expect(Array(words) == [UInt(bitPattern: region.base), 1, UInt(bitPattern: region.base + 1), 2])
            }
        }
    }

    @Test func `traps when it is full and beyond its count`() async {
        await #expect(processExitsWith: .failure) {
            var bytes: [UInt8] = [1]
            bytes.withByteRegion { region in
                let list = RegionList(capacity: 1)
                list.append(region)
                list.append(region)
            }
        }
        await #expect(processExitsWith: .failure) {
            let list = RegionList(capacity: 1)
            _ = list[0]
        }
    }
}
