import Testing

@testable import CausewayFronts

@Suite struct HTTPHeadTests {
    private func read(_ text: String) throws -> HTTPHead { try HTTPHead(Array(text.utf8)) }

    @Test func `takes a head apart`() throws {
        let head = try self.read("GET http://a/ HTTP/1.1\r\nHost:a\r\nX-Y:  a b\t\r\nempty:\r\n\r\n")
        #expect(Array(head.method).text == "GET")
        #expect(Array(head.target).text == "http://a/")
        #expect(head.minorVersion == 1)
        #expect(head.fields.map { Array(head.name($0)).text } == ["Host", "X-Y", "empty"])
        #expect(head.fields.map { Array(head.value($0)).text } == ["a", "a b", ""])
    }

    @Test(arguments: [("HTTP/1.0", 0), ("HTTP/1.1", 1), ("HTTP/1.7", 1)] as [(String, UInt8)])
    func `reads every version of HTTP 1`(version: String, minor: UInt8) throws {
        #expect(try self.read("GET x \(version)\r\n\r\n").minorVersion == minor)
    }

    @Test(arguments: ["HTTP/2.0", "HTTP/0.9", "HTTP/3.1"])
    func `knows that there are others`(version: String) {
        #expect(throws: HTTPStatus.versionNotSupported) { try self.read("PRI * \(version)\r\n\r\n") }
    }

    @Test(arguments: [
        "", "\r\n", "\r\n\r\n", "GET\r\n\r\n", "GET x\r\n\r\n", "GET  x HTTP/1.1\r\n\r\n", "GET x  HTTP/1.1\r\n\r\n",
        "GET x HTTP/1.1 \r\n\r\n", " GET x HTTP/1.1\r\n\r\n", "GET\tx\tHTTP/1.1\r\n\r\n", "GET x HTTP/1\r\n\r\n",
        "GET x http/1.1\r\n\r\n", "GET x HTTP/1.11\r\n\r\n", "GET x HTTP/a.1\r\n\r\n", "GET x HTTP/1,1\r\n\r\n",
        "G(T x HTTP/1.1\r\n\r\n", "GET x\0y HTTP/1.1\r\n\r\n", "GET x\ry HTTP/1.1\r\n\r\n",
        "GET x\u{7f} HTTP/1.1\r\n\r\n",
        "GET x y HTTP/1.1\r\n\r\n", "GET x HTTP/1.1\r\n", "GET x HTTP/1.1\r\nA: b\r\n",
    ])
    func `refuses a bad request line and a head without end`(text: String) {
        #expect(throws: HTTPStatus.badRequest) { try self.read(text) }
    }

    @Test(arguments: [
        "A : b", " A: b", "\tA: b", "A\t: b", ": b", ":", "A", "A b: c", "A(: b", "A: b\0", "A: b\rc", "A: \u{1}",
        "A: b\u{7f}", "\u{e9}: b", "A\0: b", "[A]: b",
    ])
    func `refuses a bad field, first or not`(field: String) {
        #expect(throws: HTTPStatus.badRequest) { try self.read("GET x HTTP/1.1\r\n\(field)\r\n\r\n") }
        #expect(throws: HTTPStatus.badRequest) {
            try self.read("GET x HTTP/1.1\r\nHost: a\r\n\(field)\r\nB: c\r\n\r\n")
        }
    }

    @Test func `keeps bytes beyond ASCII in values`() throws {
        let head = try self.read("GET x HTTP/1.1\r\nA: \u{e9}\tb\r\n\r\n")
        #expect(Array(head.value(head.fields[0])).text == "\u{e9}\tb")
    }

    @Test func `reads so many fields and no more`() throws {
        let fields = String(repeating: "A: b\r\n", count: HTTPHead.maximumFieldCount)
        #expect(try self.read("GET x HTTP/1.1\r\n\(fields)\r\n").fields.count == 256)
        #expect(throws: HTTPStatus.headerFieldsTooLarge) { try self.read("GET x HTTP/1.1\r\n\(fields)A: b\r\n\r\n") }
    }
}
