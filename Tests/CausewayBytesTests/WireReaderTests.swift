import CausewayBytes
import Testing

@Suite struct WireReaderTests {
    @Test func `reads fields in order`() {
        var bytes: [UInt8] = [1, 0, 2, 0, 0, 0, 3, 9, 8, 7]
        bytes.withByteRegion { region in
            var reader = WireReader(region)
            #expect(reader.read(UInt8.self) == 1)
            #expect(reader.read(UInt16.self) == 2)
            #expect(reader.read(UInt32.self) == 3)
            #expect(reader.offset == 7 && reader.remaining == 3)
            #expect(reader.readBytes(2)?.array() == [9, 8])
            #expect(reader.readRemaining().array() == [7])
            #expect(reader.remaining == 0 && reader.readRemaining().isEmpty)
        }
    }

    @Test func `consumes nothing of a field that is not wholly there`() {
        for count in 0..<8 {
            var bytes = [UInt8](repeating: 5, count: count)
            bytes.withByteRegion { region in
                var reader = WireReader(region)
                #expect(reader.read(UInt64.self) == nil)
                #expect(reader.readBytes(count + 1) == nil)
                #expect(reader.readBytes(-1) == nil)
                #expect(reader.readBytes(Int.max) == nil)
                #expect(reader.offset == 0)
                #expect(reader.readBytes(0)?.isEmpty == true)
                #expect(reader.readBytes(count)?.count == count)
                #expect(reader.readBytes(1) == nil)
            }
        }
    }
}
