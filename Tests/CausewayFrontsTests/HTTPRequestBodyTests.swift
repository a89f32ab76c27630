import CausewayBytes
import Testing

@testable import CausewayFronts

@Suite struct HTTPRequestBodyTests {
    private func accept(_ body: inout HTTPRequestBody, _ input: [UInt8]) throws -> Int {
        var (input, copy) = (input, body)
        defer { body = copy }
        return try input.withByteRegion { region in try copy.accept(region) }
    }

    @Test func `has nothing where there is no body`() throws {
        var body = HTTPRequestBody.none
        #expect(body.isComplete)
        #expect(try self.accept(&body, [1, 2]) == 0)
    }

    @Test func `ends after its length wherever input is cut`() throws {
        let input: [UInt8] = [1, 2, 3, 4, 5, 6, 7]
        for cut in 0...input.count {
            var body = HTTPRequestBody(contentLength: 5)
            let first = try self.accept(&body, Array(input[..<cut]))
            #expect(first == min(cut, 5))
            #expect(body.isComplete == (cut >= 5))
            #expect(try self.accept(&body, Array(input[first...])) == 5 - first)
            #expect(body.isComplete)
            #expect(try self.accept(&body, input) == 0)
        }
    }

    @Test func `can be longer than memory`() throws {
        var body = HTTPRequestBody(contentLength: .max)
        #expect(try self.accept(&body, [1, 2]) == 2)
        #expect(body != HTTPRequestBody(contentLength: .max))
        #expect(!body.isComplete)
    }

    @Test func `follows chunks to their end`() throws {
        var body = HTTPRequestBody.chunked
        #expect(!body.isComplete)
        #expect(try self.accept(&body, Array("1\r\na\r\n0\r\n\r\nGET".utf8)) == 11)
        #expect(body.isComplete)
    }

    @Test func `stays malformed`() throws {
        var body = HTTPRequestBody.chunked
        #expect(throws: HTTPRequestBody.Malformed.chunk) { try self.accept(&body, [0x78]) }
        #expect(throws: HTTPRequestBody.Malformed.chunk) { try self.accept(&body, [0x30]) }
        #expect(!body.isComplete)
    }
}
