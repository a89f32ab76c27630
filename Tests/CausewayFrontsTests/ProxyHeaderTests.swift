import CausewayBytes
import TestSupport
import Testing

@testable import CausewayFronts

@Suite struct ProxyHeaderTests {
    private func parse(_ bytes: [UInt8]) throws -> ProxyHeader.Parsed {
        var bytes = bytes
        let result = bytes.withByteRegion { region in Result { try ProxyHeader.parse(region) } }
        return try result.get()
    }

    private func refusal(_ bytes: [UInt8]) -> ProxyHeader.Malformed? {
        do {
            _ = try self.parse(bytes)
            return nil
        } catch {
            return error as? ProxyHeader.Malformed
        }
    }

    private func address(_ text: String) throws -> SocketAddress { try #require(SocketAddress(text)) }

    private func header(_ source: String, _ destination: String) throws -> ProxyHeader {
        ProxyHeader(source: try self.address(source), destination: try self.address(destination))
    }

    /// Signature, version and command, family and protocol, length, and the rest.
    private func binary(_ command: UInt8, _ family: UInt8, _ rest: [UInt8], count: Int? = nil) -> [UInt8] {
        let count = UInt16(count ?? rest.count)
        return Array("\r\n\r\n\0\r\nQUIT\n".utf8) + [command, family, UInt8(count >> 8), UInt8(count & 0xff)] + rest
    }

    private let addresses: [UInt8] = [192, 0, 2, 1, 198, 51, 100, 7, 0xdc, 0x04, 0x01, 0xbb]

    // MARK: - Version 1

    @Test func `reads a line, whatever comes behind it`() throws {
        let line = Array("PROXY TCP4 192.0.2.1 198.51.100.7 56324 443\r\n".utf8)
        let header = try self.header("192.0.2.1:56324", "198.51.100.7:443")
        #expect(try self.parse(line) == .header(header, count: line.count))
        #expect(try self.parse(line + Array("GET /".utf8)) == .header(header, count: line.count))
        for count in 0..<line.count { #expect(try self.parse(Array(line[..<count])) == .needMore) }
    }

    @Test func `reads a line of IPv6 and one that tells nothing`() throws {
        let line = Array("PROXY TCP6 2001:db8::1 2001:db8::2 1 65535\r\n".utf8)
        let header = try self.header("[2001:db8::1]:1", "[2001:db8::2]:65535")
        #expect(try self.parse(line) == .header(header, count: line.count))
        let nothing = ProxyHeader(source: nil, destination: nil)
        for text in ["PROXY UNKNOWN\r\n", "PROXY UNKNOWN ffff:f...f:ffff 65535\r\n"] {
            #expect(try self.parse(Array(text.utf8)) == .header(nothing, count: text.utf8.count))
        }
    }

    @Test(arguments: [
        "PROXY TCP4 192.0.2.1 198.51.100.7 56324\r\n", "PROXY TCP4 192.0.2.1 198.51.100.7 56324 443 \r\n",
        "PROXY TCP4  192.0.2.1 198.51.100.7 56324 443\r\n", "PROXY TCP5 192.0.2.1 198.51.100.7 56324 443\r\n",
        "PROXY TCP4 2001:db8::1 2001:db8::2 1 2\r\n", "PROXY TCP4 192.0.2.1 198.51.100.7 65536 443\r\n",
        "PROXY TCP4 192.0.2.1 198.51.100.7 01 443\r\n", "PROXY TCP4 192.0.2.1 198.51.100.7 -1 443\r\n",
        "PROXY TCP4 192.0.2 198.51.100.7 1 443\r\n", "PROXY \r\n", "PROXY TCP4 192.0.2.1 198.51.100.7 1 443\r\r\n",
        "PROXY TCP4 192.0.2.1 198.51.100.7 1 443\rx",
    ])
    func `refuses a line that is none`(text: String) {
        #expect(self.refusal(Array(text.utf8)) == .line)
    }

    @Test func `a line has an end`() {
        let endless = Array("PROXY UNKNOWN ".utf8) + [UInt8](repeating: 0x20, count: 200)
        #expect(self.refusal(endless) == .line)
        #expect(self.refusal(Array(endless[..<107])) == .line)
        #expect(self.refusal(Array(endless[..<106])) == nil)
    }

    // MARK: - Version 2

    @Test func `reads the binary form, split anywhere`() throws {
        let bytes = self.binary(0x21, 0x11, self.addresses)
        let header = try self.header("192.0.2.1:56324", "198.51.100.7:443")
        for count in 0..<bytes.count { #expect(try self.parse(Array(bytes[..<count])) == .needMore) }
        #expect(try self.parse(bytes + [1, 2, 3]) == .header(header, count: bytes.count))
    }

    @Test func `a command that is no proxying, and families without ports, tell nothing`() throws {
        let nothing = ProxyHeader(source: nil, destination: nil)
        #expect(try self.parse(ProxyHeader.version2Local) == .header(nothing, count: 16))
        for bytes in [
            self.binary(0x20, 0x11, self.addresses), self.binary(0x21, 0x00, []), self.binary(0x21, 0x00, [4, 0, 0]),
            self.binary(0x21, 0x31, [UInt8](repeating: 0x41, count: 216)),
        ] {
            #expect(try self.parse(bytes) == .header(nothing, count: bytes.count))
        }
    }

    @Test func `refuses what the binary form cannot be, as soon as it can be told`() {
        #expect(self.refusal([0x0d, 0x0a, 0x0d, 0x0b]) == .signature)
        #expect(self.refusal(Array(self.binary(0x31, 0x11, [])[..<13])) == .command)
        #expect(self.refusal(Array(self.binary(0x22, 0x11, [])[..<13])) == .command)
        #expect(self.refusal(self.binary(0x21, 0x13, self.addresses)) == .addresses)
        #expect(self.refusal(self.binary(0x21, 0x41, self.addresses)) == .addresses)
        #expect(self.refusal(self.binary(0x21, 0x21, self.addresses)) == .addresses)
        #expect(self.refusal(self.binary(0x21, 0x11, [], count: 521)) == .tooLong)
        #expect(self.refusal(self.binary(0x21, 0x11, [], count: 520)) == nil)
        #expect(self.refusal(self.binary(0x21, 0x11, self.addresses + [4, 0])) == .extensions)
        #expect(self.refusal(self.binary(0x21, 0x11, self.addresses + [4, 0, 2, 1])) == .extensions)
    }

    /// The check value of CRC32c is that of `123456789`, so that here the sum is checked over a whole header.
    @Test func `believes a header with a checksum only if it fits`() throws {
        var bytes = self.binary(0x21, 0x11, self.addresses + [3, 0, 4, 0, 0, 0, 0])
        var sum = UInt32.max
        for byte in bytes {
            sum ^= UInt32(byte)
            for _ in 0..<8 { sum = sum & 1 == 1 ? sum >> 1 ^ 0x82f6_3b78 : sum >> 1 }
        }
        withUnsafeBytes(of: (~sum).bigEndian) { bytes.replaceSubrange(bytes.count - 4..<bytes.count, with: $0) }
        let header = try self.header("192.0.2.1:56324", "198.51.100.7:443")
        #expect(try self.parse(bytes) == .header(header, count: bytes.count))
        for index in 16..<bytes.count where !(28..<31).contains(index) {
            var changed = bytes
            changed[index] ^= 1
            #expect(self.refusal(changed) == .checksum, "byte \(index)")
        }
        #expect(self.refusal(self.binary(0x21, 0x11, self.addresses + [3, 0, 2, 0, 0])) == .checksum)
    }

    // MARK: - Writing

    @Test(arguments: [
        ("192.0.2.1:5", "198.51.100.7:443", 28), ("[2001:db8::1]:5", "[2001:db8::2]:443", 52),
        ("[2001:db8::1]:5", "198.51.100.7:443", 52),
    ])
    func `what is written is read again`(source: String, destination: String, count: Int) throws {
        let header = try self.header(source, destination)
        let bytes = ProxyHeader.version2(
            source: try self.address(source),
            destination: try self.address(destination)
        )
        #expect(bytes.count == count)
        #expect(try self.parse(bytes) == .header(header, count: count))
    }

    @Test func `noise is refused or waited for, never believed`() {
        var random = SeededGenerator(seed: 5)
        for _ in 0..<2_000 {
            let count = Int.random(in: 1...600, using: &random)
            var bytes = random.bytes(count)
            if random.next() % 2 == 0 { bytes = self.binary(0x21, 0x11, bytes, count: Int(random.next() % 600)) }
            guard case .header(_, let taken)? = try? self.parse(bytes) else { continue }
            #expect(taken <= bytes.count && taken >= 16)
        }
    }
}
