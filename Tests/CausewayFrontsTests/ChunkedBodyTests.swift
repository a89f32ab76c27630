import CausewayBytes
import Testing

@testable import CausewayFronts

@Suite struct ChunkedBodyTests {
    /// How many bytes belong to the body, fed in segments that end at `cuts`; `nil` when it is malformed, and the
    /// number with `complete` false when it has not ended.
    private struct Outcome: Equatable {
        var count: Int?
        var isComplete: Bool

        init(_ input: [UInt8], cuts: some Sequence<Int>) {
            var (body, start, total) = (ChunkedBody(), 0, 0)
            self.isComplete = false
            for cut in Array(cuts) + [input.count] {
                var segment = Array(input[start..<cut])
                start = cut
                do throws(HTTPRequestBody.Malformed) {
                    let count = try segment.withByteRegion { region throws(HTTPRequestBody.Malformed) in
                        try body.accept(region)
                    }
                    #expect(count == segment.count || body.isComplete)
                    total += count
                } catch {
                    #expect(!body.isComplete)
                    return
                }
            }
            self.count = total
            self.isComplete = body.isComplete
        }
    }

    private func cutEverywhere(_ input: [UInt8]) -> Outcome {
        let whole = Outcome(input, cuts: [])
        for cut in 0..<input.count { #expect(Outcome(input, cuts: [cut]) == whole, "cut at \(cut)") }
        #expect(Outcome(input, cuts: 1..<max(1, input.count)) == whole, "byte by byte")
        return whole
    }

    @Test(arguments: [
        "0\r\n\r\n", "000\r\n\r\n", "5\r\nhello\r\n0\r\n\r\n", "a\r\n0123456789\r\nB\r\nhello\r\nworl\r\n0\r\n\r\n",
        "1;a=b;c=\"d\"\r\nx\r\n0;e\r\n\r\n", "3;\r\n\r\n\r\r\n0\r\n\r\n", "0\r\nDigest: x\r\nExpires:\r\n\r\n",
        "00000000000000F\r\n123456789012345\r\n0\r\n\r\n",
    ])
    func `reads a body to its end and not beyond`(text: String) {
        let input = Array(text.utf8)
        for rest in ["", "\r\n", "0\r\n\r\n", "GET / HTTP/1.1\r\n\r\n"] {
            let outcome = self.cutEverywhere(input + Array(rest.utf8))
            #expect(outcome.count == input.count)
            #expect(outcome.isComplete)
        }
    }

    @Test(arguments: [
        "", "5", "5\r", "5\r\n", "5\r\nhell", "5\r\nhello\r\n", "0\r\n", "0\r\n\r", "0\r\nA: b\r\n", "5;x",
        "ffffffff\r\nx",
    ])
    func `waits for the rest of a body`(text: String) {
        let outcome = self.cutEverywhere(Array(text.utf8))
        #expect(outcome.count == text.utf8.count)
        #expect(!outcome.isComplete)
    }

    @Test(arguments: [
        "\r\n", "x", " 5\r\n", "5 \r\n", "5\t;a\r\n", "5\n", "5\rx", "+5\r\n", "-1\r\n", "0x5\r\n", "5\r\nhello\n",
        "5\r\nhello0", "5\r\nhellox\r\n", "5\r\nhello\r0", "0\r\n\n", "0\r\n\rx", "0\n\r\n", "0\r\nA\r\n",
        "0\r\n: b\r\n",
        "0\r\nA : b\r\n", "0\r\n A: b\r\n", "0\r\nA: b\n", "0\r\nA: b\rc", "0\r\nA: b\r\n c\r\n", "0\r\nA: \0\r\n",
        "5;a\nx\r\n", "5;a\rb\r\n", "5;\0\r\n", ";a\r\n", "5;a\u{7f}\r\n", "g\r\n", "5,\r\n", "0\r\nA(: b\r\n",
        "1000000000000000\r\n", "0000000000000000\r\n\r\n", "ffffffffffffffff\r\n", "\n0\r\n\r\n",
    ])
    func `ends a malformed body as an error`(text: String) {
        #expect(self.cutEverywhere(Array(text.utf8)).count == nil)
    }

    @Test(arguments: [(1024, true), (1025, false)])
    func `reads an extension up to its limit`(count: Int, isRead: Bool) {
        let input = Array("0;".utf8) + [UInt8](repeating: 0x61, count: count) + Array("\r\n\r\n".utf8)
        #expect(self.cutEverywhere(input).isComplete == isRead)
    }

    @Test(arguments: [(8192, true), (8193, false)])
    func `reads trailers up to their limit`(count: Int, isRead: Bool) {
        // Four bytes of each trailer are its name, its colon and its line end.
        let trailers = Array("A:".utf8) + [UInt8](repeating: 0x62, count: count - 8) + Array("\r\nB:\r\n".utf8)
        #expect(trailers.count == count)
        let input = Array("0\r\n".utf8) + trailers + Array("\r\n".utf8)
        #expect(Outcome(input, cuts: []).isComplete == isRead)
        #expect(Outcome(input, cuts: 1..<input.count).isComplete == isRead)
    }

    @Test func `counts a chunk of the greatest size`() {
        let outcome = self.cutEverywhere(Array("fffffffffffffff\r\nabc".utf8))
        #expect(outcome.count == 20)
        #expect(!outcome.isComplete)
    }
}
