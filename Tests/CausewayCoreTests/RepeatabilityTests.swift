import CausewayBytes
import CausewayCore
import Testing

@Suite struct RepeatabilityTests {
    private func mayRepeat(_ bytes: [UInt8]) -> Bool {
        var bytes = bytes
        return bytes.withByteRegion { mayBeRepeated($0) }
    }

    @Test(arguments: [
        "GET / HTTP/1.1\r\n", "HEAD http://a/ HTTP/1.1\r\n", "PUT /x HTTP/1.1\r\n", "DELETE /x HTTP/1.1\r\n",
        "OPTIONS * HTTP/1.1\r\n", "SSH-2.0-OpenSSH_9.2\r\n", "", "EHLO mail.example\r\n" + "x",
        "PO", "get / HTTP/1.1", "ABCDEFGHIJKLMNOPQRSTUVWXYZ /",
    ])
    func `what does no harm twice may be sent twice`(text: String) {
        let expected = !text.hasPrefix("EHLO")
        #expect(self.mayRepeat(Array(text.utf8)) == expected)
    }

    @Test(arguments: ["POST / HTTP/1.1\r\n", "PATCH /x HTTP/1.1\r\n", "CONNECT a:1 HTTP/1.1\r\n", "MKCOL /d HTTP/1.1"])
    func `a request that changes something is not made twice`(text: String) {
        #expect(!self.mayRepeat(Array(text.utf8)))
        #expect(!self.mayRepeat(Array(text.utf8) + [UInt8](repeating: 0xff, count: 100)))
    }

    @Test func `a TLS handshake may be sent twice`() {
        #expect(self.mayRepeat([0x16, 0x03, 0x01, 0x02, 0x00, 0x01]))
        #expect(self.mayRepeat([UInt8](0...255)))
    }
}
