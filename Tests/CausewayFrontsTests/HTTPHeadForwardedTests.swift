import CausewayBytes
import Testing

@testable import CausewayFronts

@Suite struct HTTPHeadForwardedTests {
    private func forward(_ line: String, _ fields: String...) throws -> (head: String, target: String) {
        let head = ([line] + fields).map { $0 + "\r\n" }.joined() + "\r\n"
        guard case .http(let forward) = try HTTPRequest(HTTPHead(Array(head.utf8))).request else { return ("", "") }
        return (forward.head.text, forward.target.description)
    }

    @Test func `rewrites a request as its origin expects it`() throws {
        let (head, target) = try self.forward(
            "GET http://example.net:8080/a?b HTTP/1.1",
            "Host: other.example",
            "User-Agent:curl",
            "Proxy-Connection: Keep-Alive",
            "Proxy-Authorization: Basic YTpi",
            "Keep-Alive: timeout=5",
            "Connection: TE, X-Mine, keep-alive",
            "TE: trailers",
            "Upgrade: websocket",
            "x-mine: 1",
            "Trailer: Digest",
            "Cookie: a=b",
            "Cookie: c=d"
        )
        #expect(target == "example.net:8080")
        #expect(
            head == "GET /a?b HTTP/1.1\r\nHost: example.net:8080\r\nUser-Agent: curl\r\nTrailer: Digest\r\n"
                + "Cookie: a=b\r\nCookie: c=d\r\nConnection: close\r\n\r\n"
        )
    }

    @Test(arguments: [
        ("GET http://a HTTP/1.1", "GET / HTTP/1.1\r\nHost: a\r\n", "a:80"),
        ("GET http://a: HTTP/1.0", "GET / HTTP/1.0\r\nHost: a\r\n", "a:80"),
        ("GET http://a?b HTTP/1.1", "GET /?b HTTP/1.1\r\nHost: a\r\n", "a:80"),
        ("OPTIONS http://a:81 HTTP/1.1", "OPTIONS * HTTP/1.1\r\nHost: a:81\r\n", "a:81"),
        ("OPTIONS http://a/ HTTP/1.1", "OPTIONS / HTTP/1.1\r\nHost: a\r\n", "a:80"),
        ("GET http://[::1]:80/ HTTP/1.9", "GET / HTTP/1.1\r\nHost: [::1]:80\r\n", "[::1]:80"),
        ("M-SEARCH HTTP://A/x#y HTTP/1.1", "M-SEARCH /x HTTP/1.1\r\nHost: A\r\n", "A:80"),
    ])
    func `writes target, version and host`(line: String, start: String, target: String) throws {
        let forward = try self.forward(line)
        #expect(forward.head == start + "Connection: close\r\n\r\n")
        #expect(forward.target == target)
    }

    @Test func `keeps the framing whatever the connection fields say`() throws {
        let length = try self.forward("PUT http://a/ HTTP/1.1", "Connection: Content-Length, Host", "Content-Length: 3")
        #expect(length.head == "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nConnection: close\r\n\r\n")
        let chunked = try self.forward(
            "PUT http://a/ HTTP/1.1",
            "Connection: transfer-encoding",
            "Transfer-Encoding: chunked"
        )
        #expect(chunked.head == "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n")
    }

    @Test func `says a length once`() throws {
        let (head, _) = try self.forward("PUT http://a/ HTTP/1.1", "Content-Length: 3", "A: b", "content-length: 3")
        #expect(head == "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nA: b\r\nConnection: close\r\n\r\n")
    }

    @Test func `removes what several connection fields name in any case`() throws {
        let (head, _) = try self.forward(
            "GET http://a/ HTTP/1.1",
            "X-One: 1",
            "connection: x-one ,,",
            "Connection:\tX-TWO",
            "x-two: 2",
            "X-Three: 3"
        )
        #expect(head == "GET / HTTP/1.1\r\nHost: a\r\nX-Three: 3\r\nConnection: close\r\n\r\n")
    }
}
