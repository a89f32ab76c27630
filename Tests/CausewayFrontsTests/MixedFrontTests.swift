import CausewayBytes
import Testing

@testable import CausewayFronts

@Suite struct MixedFrontTests {
    @Test(arguments: UInt8.min...UInt8.max)
    func `tells the protocol by the first byte`(byte: UInt8) {
        let outcome = Dialogue([byte], cuts: [], requiresAuthentication: false)
        let isLetter = (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte)
        #expect(outcome.end == (byte == 4 || byte == 5 || isLetter ? .waiting : .closed))
        #expect(outcome.sent.isEmpty)
        #expect(outcome.front.timeoutReply.isEmpty == !isLetter)
    }

    @Test func `says nothing before it knows the protocol`() {
        var front = MixedFront(requiresAuthentication: true)
        var empty: [UInt8] = []
        let (consumed, step) = empty.withByteRegion { front.receive($0) }
        #expect(consumed == 0)
        #expect(step == .needMore)
        #expect(front.timeoutReply.isEmpty)
        #expect(front.succeeded(bound: nil).isEmpty)
        #expect(front.failed(.general).isEmpty)
    }

    @Test func `refuses protocol markers through every front`() {
        let name = Array("sp.mux.sing-box.arpa".utf8)
        let socks5 = Dialogue.cutEverywhere([5, 1, 0, 5, 1, 0, 3, UInt8(name.count)] + name + [1, 188])
        #expect(socks5.end == .refused([5, 2, 0, 1, 0, 0, 0, 0, 0, 0]))
        let socks4 = Dialogue.cutEverywhere([4, 1, 1, 188, 0, 0, 0, 1, 0] + name + [0])
        #expect(socks4.end == .refused([0, 0x5b, 0, 0, 0, 0, 0, 0]))
        #expect(Dialogue.cutEverywhere("CONNECT \(name.text):444 HTTP/1.1\r\n\r\n").status == "HTTP/1.1 403")
        #expect(Dialogue.cutEverywhere("GET http://\(name.text)/ HTTP/1.1\r\n\r\n").status == "HTTP/1.1 403")
        let asked = Dialogue.cutEverywhere(
            "CONNECT \(name.text):444 HTTP/1.1\r\nProxy-Authorization: Basic YWxpY2U6c2VjcmV0\r\n\r\n",
            requiresAuthentication: true
        )
        #expect(asked.status == "HTTP/1.1 403")
    }

    @Test func `is small enough for ten thousand handshakes at a time`() {
        #expect(MemoryLayout<MixedFront>.size <= 192)
    }
}
