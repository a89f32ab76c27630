import CausewayBytes
import Testing

@testable import CausewayFronts

@Suite struct SOCKS5DatagramTests {
    private func parse(_ bytes: [UInt8]) -> (target: String, payload: [UInt8])? {
        var bytes = bytes
        return bytes.withByteRegion { datagram in
            SOCKS5Datagram.parse(datagram).map { ("\($0.target)", datagram.suffix(from: $0.payload).array()) }
        }
    }

    private static let v4: [UInt8] = [0, 0, 0, 1, 203, 0, 113, 7, 0, 53]

    @Test func `target and payload are found, of each kind of address`() {
        let v4 = self.parse(Self.v4 + [1, 2])
        #expect(v4?.target == "203.0.113.7:53" && v4?.payload == [1, 2])
        let v6 = self.parse([0, 0, 0, 4] + [0x20, 1, 0x0d, 0xb8] + Array(repeating: 0, count: 11) + [7, 1, 0xbb, 9])
        #expect(v6?.target == "[2001:db8::7]:443" && v6?.payload == [9])
        let name = self.parse([0, 0, 0, 3, 4] + Array("a.de".utf8) + [0, 80])
        #expect(name?.target == "a.de:80" && name?.payload == [])
    }

    @Test func `reserved bytes are nobody's business, fragments are dropped`() {
        var bytes = Self.v4 + [1]
        bytes[0] = 7
        bytes[1] = 9
        #expect(self.parse(bytes)?.payload == [1])
        for fragment in [1, 0x80, 0xff] as [UInt8] {
            bytes[2] = fragment
            #expect(self.parse(bytes) == nil)
        }
    }

    @Test func `what ends inside its header is dropped`() {
        for count in 0..<Self.v4.count { #expect(self.parse(Array(Self.v4.prefix(count))) == nil) }
        #expect(self.parse([0, 0, 0, 2, 1, 1, 1, 1, 0, 53]) == nil)
        #expect(self.parse([0, 0, 0, 3, 0, 0, 53]) == nil)
        #expect(self.parse([0, 0, 0, 3, 1, 0x07, 0, 53]) == nil)
    }

    @Test func `an answer's header stands right before its payload`() throws {
        var buffer = [UInt8](repeating: 0xaa, count: 30) + [1, 2, 3]
        let source = Address(SocketAddress(ip: .v4(0xcb00_7107), port: 53))
        let start = buffer.withByteRegion { SOCKS5Datagram.write(source, before: 30, in: $0) }
        #expect(Array(buffer[start...]) == Self.v4 + [1, 2, 3])
        #expect(buffer[..<start].allSatisfy { $0 == 0xaa })
        let longest = Address(
            host: .name(try #require(DomainName(Array(repeating: UInt8(ascii: "a"), count: 255)))),
            port: 1
        )
        #expect(longest.encodedCount + 3 == SOCKS5Datagram.maximumHeaderCount)
    }
}
