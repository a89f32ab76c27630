import Testing

@testable import CausewayFronts

@Suite struct HTTPFieldTests {
    @Test(arguments: [
        ("Connection", HTTPField.Name.connection), ("content-length", .contentLength), ("HOST", .host),
        ("Keep-Alive", .keepAlive), ("Proxy-Authorization", .proxyAuthorization),
        ("proxy-connection", .proxyConnection), ("TE", .te), ("Transfer-Encoding", .transferEncoding),
        ("Upgrade", .upgrade), ("Trailer", .other), ("Hos", .other), ("Hostt", .other), ("X", .other),
    ])
    func `knows the fields that matter in any case`(name: String, known: HTTPField.Name) throws {
        let line = Array("\(name): x".utf8)
        #expect(try HTTPField(line, line: 0..<line.count).name == known)
    }

    @Test(arguments: [("A:b", "b"), ("A: \t b \t", "b"), ("A:", ""), ("A: \t ", ""), ("A: b: c", "b: c")])
    func `leaves the blanks around a value out`(text: String, value: String) throws {
        let line = Array(text.utf8)
        #expect(Array(line[try HTTPField(line, line: 0..<line.count).valueRange]).text == value)
    }

    // A Kelvin sign folds to k in Unicode, and an underscore is no dash.
    @Test(arguments: ["\u{212a}eep-Alive: x", "Ho\u{17f}t: x"])
    func `folds letters of ASCII only`(text: String) {
        let line = Array(text.utf8)
        #expect(throws: HTTPStatus.badRequest) { try HTTPField(line, line: 0..<line.count) }
    }
}
