import CausewayBytes
import Testing

@testable import CausewayFronts

@Suite struct HTTPHeadScannerTests {
    /// The result and the number of bytes that were there when it fell, fed byte by byte.
    private func scanSlowly(_ input: [UInt8]) -> (result: HTTPHeadScanner.Result, count: Int) {
        var scanner = HTTPHeadScanner()
        for count in 1...input.count {
            var seen = Array(input[..<count])
            let result = seen.withByteRegion { scanner.scan($0) }
            if result != .incomplete { return (result, count) }
        }
        return (.incomplete, input.count)
    }

    private func scan(_ input: [UInt8]) -> HTTPHeadScanner.Result {
        var (scanner, input) = (HTTPHeadScanner(), input)
        return input.withByteRegion { scanner.scan($0) }
    }

    @Test func `finds the blank line wherever input is cut`() {
        let input = Array("GET / HTTP/1.1\r\nA: b\r\n\r\nrest\r\n\r\n".utf8)
        #expect(self.scan(input) == .found(24))
        for cut in 0...input.count {
            var scanner = HTTPHeadScanner()
            var (first, whole) = (Array(input[..<cut]), input)
            let early = first.withByteRegion { scanner.scan($0) }
            #expect(early == (cut < 24 ? .incomplete : .found(24)))
            if cut < 24 { #expect(whole.withByteRegion { scanner.scan($0) } == .found(24)) }
        }
    }

    @Test(arguments: ["\nA", "A\n", "A\r\nB\n\r\n", "A\r\n\n", "A\r\nB: c\n"])
    func `takes a lone line feed for an error at once`(input: String) throws {
        let bytes = Array(input.utf8)
        #expect(self.scan(bytes + Array("\r\n\r\n".utf8)) == .malformed)
        let (result, count) = self.scanSlowly(bytes)
        #expect(result == .malformed)
        #expect(bytes[count - 1] == ASCII.lineFeed)
    }

    @Test func `takes a head of the greatest length and none longer`() {
        let end = Array("\r\n\r\n".utf8)
        let longest = [UInt8](repeating: 0x61, count: HTTPHeadScanner.maximumCount - 4) + end
        #expect(self.scan(longest) == .found(65536))
        #expect(self.scan(longest + [1]) == .found(65536))
        #expect(self.scan([0x61] + longest) == .tooLong)
        #expect(self.scan(longest.dropLast()) == .incomplete)
    }

    @Test func `looks at each byte once`() {
        var scanner = HTTPHeadScanner()
        var input = Array("GET / HTTP/1.1\r\n".utf8)
        #expect(input.withByteRegion { scanner.scan($0) } == .incomplete)
        // What was seen may change without notice, which shows that it is not seen again.
        input = [UInt8](repeating: ASCII.lineFeed, count: input.count) + Array("\r\n".utf8)
        #expect(input.withByteRegion { scanner.scan($0) } == .found(18))
    }
}
