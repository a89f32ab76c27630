import CausewayBytes
import TestSupport
import Testing

@Suite struct AddressWireTests {
    private static func parse(_ bytes: [UInt8]) throws(Address.WireError) -> (address: Address, count: Int) {
        var bytes = bytes
        return try bytes.withByteRegion { region throws(Address.WireError) in
            var reader = WireReader(region)
            let address = try Address.parse(&reader)
            return (address, reader.offset)
        }
    }

    private static func encode(_ address: Address) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: Address.maximumEncodedCount)
        let count = bytes.withByteRegion { address.encode(into: $0) }
        return Array(bytes[..<count])
    }

    @Test func `reads and writes the vectors, cut nowhere and everywhere`() throws {
        let vectors = try ShadowsocksVectors.load().address
        #expect(vectors.count == 8)
        for vector in vectors {
            let host = try #require(Host(vector.host.utf8))
            let expected = Address(host: host, port: vector.port)
            let encoded = [UInt8](hex: vector.encoded)
            let parsed = try Self.parse(encoded + [0xAB, 0xCD])
            #expect(parsed.address == expected && parsed.count == encoded.count, "\(vector.host)")
            for count in 0..<encoded.count {
                #expect(throws: Address.WireError.incomplete, "\(vector.host) cut to \(count)") {
                    try Self.parse(Array(encoded[..<count]))
                }
            }
            // An IPv4-mapped address is IPv4 from here on, so it is not written back as it came.
            if vector.host.hasPrefix("::ffff:") {
                #expect(Self.encode(expected) == [1] + encoded[13...])
            } else {
                #expect(Self.encode(expected) == encoded)
                #expect(expected.encodedCount == encoded.count)
            }
        }
    }

    @Test func `knows three address types`() {
        for type in UInt8.min...UInt8.max where ![1, 3, 4].contains(type) {
            #expect(throws: Address.WireError.unknownType) {
                try Self.parse([type] + [UInt8](repeating: 1, count: 40))
            }
        }
    }

    @Test func `refuses names that are empty or have control bytes`() {
        #expect(throws: Address.WireError.invalidName) { try Self.parse([3, 0, 0, 80]) }
        #expect(throws: Address.WireError.invalidName) { try Self.parse([3, 0]) }
        for byte in Array(UInt8(0)...0x20) + [0x7f] {
            #expect(throws: Address.WireError.invalidName) { try Self.parse([3, 3, 0x61, byte, 0x62, 0, 80]) }
        }
    }

    @Test(arguments: ["192.0.2.1", "[192.0.2.1]", "::ffff:192.0.2.1", "[::ffff:192.0.2.1]"])
    func `reads a literal in a name as the address`(text: String) throws {
        let parsed = try Self.parse([3, UInt8(text.utf8.count)] + Array(text.utf8) + [0, 53])
        #expect(parsed.address == Address(host: .ip(.v4(0xC000_0201)), port: 53))
    }

    @Test func `writes names of every length`() throws {
        for count in 1...255 {
            let name = try #require(DomainName([UInt8](repeating: 0x7A, count: count)))
            let address = Address(host: .name(name), port: 0x1234)
            let encoded = Self.encode(address)
            #expect(encoded.count == 4 + count && address.encodedCount == encoded.count)
            #expect(try Self.parse(encoded).address == address)
        }
        #expect(Address.maximumEncodedCount == 4 + 255)
    }

    @Test func `judges random bytes without a trap`() {
        var random = SeededGenerator(seed: 21)
        for _ in 0..<5000 {
            var bytes = random.bytes(Int.random(in: 0...40, using: &random))
            if !bytes.isEmpty { bytes[0] %= 6 }
            guard let parsed = try? Self.parse(bytes) else { continue }
            // What was understood is understood again, to the same value.
            let again = try? Self.parse(Self.encode(parsed.address))
            #expect(again?.address == parsed.address && parsed.count <= bytes.count)
        }
    }
}
