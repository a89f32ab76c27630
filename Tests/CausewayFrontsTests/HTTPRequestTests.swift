import CausewayBytes
import Testing

@testable import CausewayFronts

@Suite struct HTTPRequestTests {
    private func read(_ line: String, _ fields: String...) throws -> HTTPRequest {
        let head = ([line] + fields).map { $0 + "\r\n" }.joined() + "\r\n"
        return try HTTPRequest(HTTPHead(Array(head.utf8)))
    }

    private func body(_ fields: String...) throws -> HTTPRequestBody? {
        let head = (["POST http://a/ HTTP/1.1"] + fields).map { $0 + "\r\n" }.joined() + "\r\n"
        guard case .http(let forward) = try HTTPRequest(HTTPHead(Array(head.utf8))).request else { return nil }
        return forward.body
    }

    @Test func `knows where the body ends`() throws {
        #expect(try self.body() == HTTPRequestBody.none)
        #expect(try self.body("Content-Length: 0") == HTTPRequestBody.none)
        #expect(try self.body("Content-Length: 007") == HTTPRequestBody(contentLength: 7))
        #expect(try self.body("content-length:5", "Content-Length: 5") == HTTPRequestBody(contentLength: 5))
        let greatest = HTTPRequestBody(contentLength: 999_999_999_999_999_999)
        #expect(try self.body("Content-Length: 999999999999999999") == greatest)
        #expect(try self.body("Transfer-Encoding: Chunked") == .chunked)
    }

    @Test(arguments: [
        ["Content-Length: 5", "Transfer-Encoding: chunked"], ["Transfer-Encoding: chunked", "Content-Length: 0"],
        ["Content-Length: 5", "Content-Length: 6"], ["Content-Length: 5", "Content-Length: 5", "Content-Length: 6"],
        ["Content-Length: 5, 5"], ["Content-Length: 5,6"], ["Content-Length: +5"], ["Content-Length: -5"],
        ["Content-Length: 0x5"], ["Content-Length: 5 5"], ["Content-Length:"], ["Content-Length: 1e3"],
        ["Content-Length: 1000000000000000000"], ["Content-Length: 18446744073709551621"], ["Content-Length: ٥"],
        ["Transfer-Encoding: chunked", "Transfer-Encoding: chunked"],
        ["Transfer-Encoding: chunked", "transfer-encoding: identity"], ["Host: a", "Host: a"], ["Host: a", "host: b"],
        ["Transfer-Encoding : chunked"], ["Transfer-Encoding\t: chunked"], ["A: b", " Transfer-Encoding: chunked"],
        ["Transfer-Encoding: chunked\u{b}"], ["Transfer-Encoding: \0chunked"], ["A: b\rTransfer-Encoding: chunked"],
        ["Proxy-Authorization: Basic YTpi", "Proxy-Authorization: Basic YTpi"],
    ])
    func `refuses what can be read in two ways`(fields: [String]) {
        let head = (["POST http://a/ HTTP/1.1"] + fields).map { $0 + "\r\n" }.joined() + "\r\n"
        #expect(throws: HTTPStatus.badRequest) { try HTTPRequest(HTTPHead(Array(head.utf8))) }
    }

    @Test(arguments: [
        "gzip", "gzip, chunked", "chunked, chunked", "identity", "xchunked", "chunked;a=b", "\"chunked\"", "",
    ])
    func `does no other transfer coding`(coding: String) {
        #expect(throws: HTTPStatus.notImplemented) { try self.body("Transfer-Encoding: \(coding)") }
    }

    @Test func `takes no transfer coding from an old client`() {
        #expect(throws: HTTPStatus.badRequest) {
            try self.read("POST http://a/ HTTP/1.0", "Transfer-Encoding: chunked")
        }
    }

    @Test(arguments: [
        ("example.net:443", "example.net:443"), ("[::1]:443", "[::1]:443"), ("192.0.2.1:80", "192.0.2.1:80"),
    ])
    func `reads the target of a CONNECT`(target: String, address: String) throws {
        guard case .connect(let read) = try self.read("CONNECT \(target) HTTP/1.1").request else {
            Issue.record("not a session")
            return
        }
        #expect(read.description == address)
    }

    @Test(arguments: [
        "example.net", "example.net:", "example.net:0", "example.net:70000", "u@example.net:443", "[::1]", ":443", "/",
        "http://example.net:443/", "example.net:443/", "*", "::1:443",
    ])
    func `refuses a CONNECT to anything but a host and a port`(target: String) {
        #expect(throws: HTTPStatus.badRequest) { try self.read("CONNECT \(target) HTTP/1.1") }
    }

    @Test func `refuses a CONNECT that announces a body`() throws {
        #expect(throws: HTTPStatus.badRequest) { try self.read("CONNECT a:1 HTTP/1.1", "Content-Length: 1") }
        #expect(throws: HTTPStatus.badRequest) { try self.read("CONNECT a:1 HTTP/1.1", "Transfer-Encoding: chunked") }
        #expect(try !self.read("CONNECT a:1 HTTP/1.1", "Content-Length: 0").hasBody)
    }

    @Test(arguments: [
        "http://u@a/", "http://u:p@a/", "http:///", "http://", "http://a:0/", "http://a:x/", "http://a b/",
    ])
    func `refuses a target without a plain authority`(target: String) {
        #expect(throws: HTTPStatus.badRequest) { try self.read("GET \(target) HTTP/1.1") }
    }

    @Test(arguments: [
        ("HTTP/1.1", "A: b", true), ("HTTP/1.1", "Connection: close", false),
        ("HTTP/1.1", "Connection: x, CLOSE", false),
        ("HTTP/1.1", "Proxy-Connection: close", false), ("HTTP/1.1", "Proxy-Connection: Keep-Alive", true),
        ("HTTP/1.0", "A: b", false), ("HTTP/1.0", "Connection: keep-alive", true),
        ("HTTP/1.0", "Proxy-Connection: Keep-Alive", true),
    ])
    func `knows whether the client will say more`(version: String, field: String, keeps: Bool) throws {
        #expect(try self.read("CONNECT a:1 \(version)", field).keepsOpen == keeps)
    }

    @Test func `reads so many connection options and no more`() throws {
        let options = (0..<HTTPFieldSurvey.maximumOptionCount).map { "x\($0)" }.joined(separator: ",")
        #expect(try self.body("Connection: \(options),,") == HTTPRequestBody.none)
        #expect(throws: HTTPStatus.badRequest) { try self.body("Connection: \(options)", "Connection: y") }
    }
}
