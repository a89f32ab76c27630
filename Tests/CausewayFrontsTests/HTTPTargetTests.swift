import Testing

@testable import CausewayFronts

@Suite struct HTTPTargetTests {
    private func read(_ text: String) throws -> [String] {
        let target = try HTTPTarget(Array(text.utf8)[...])
        return [Array(target.authority).text, Array(target.path).text]
    }

    @Test(arguments: [
        ("http://a/b?c", ["a", "/b?c"]), ("HTTP://a", ["a", ""]), ("http://a?b", ["a", "?b"]),
        ("http://a:1/", ["a:1", "/"]), ("http://a/b#c?d", ["a", "/b"]), ("http://a#c/d", ["a", ""]),
        ("http://a//b://c@d", ["a", "//b://c@d"]), ("http:///b", ["", "/b"]), ("http://", ["", ""]),
        ("http://a@b/c", ["a@b", "/c"]), ("http://[::1]:8/?x", ["[::1]:8", "/?x"]),
    ])
    func `takes an absolute target apart`(text: String, parts: [String]) throws {
        #expect(try self.read(text) == parts)
    }

    @Test(arguments: ["https://a/", "ftp://a/b", "ws://a", "HTTPS://a", "httpx://a", "coap+tcp://a"])
    func `does no other scheme`(text: String) {
        #expect(throws: HTTPStatus.notImplemented) { try self.read(text) }
    }

    @Test(arguments: [
        "", "/", "/a", "*", "a", "a:80", "http:/a", "http:a", "://a", "1http://a", "ht tp://a", "/http://a",
    ])
    func `refuses what is not absolute`(text: String) {
        #expect(throws: HTTPStatus.badRequest) { try self.read(text) }
    }
}
