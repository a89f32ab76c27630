import CausewayBytes
import Testing

@testable import CausewayFronts

@Suite struct HTTPFrontTests {
    private static let challenge = HTTPStatus.challenge.text
    private static let right = "Proxy-Authorization: Basic YWxpY2U6c2VjcmV0\r\n"
    private static let wrong = "Proxy-Authorization: Basic YWxpY2U6d3Jvbmc=\r\n"

    private func connect(_ fields: String = "") -> String {
        "CONNECT example.net:443 HTTP/1.1\r\nHost: example.net:443\r\n\(fields)\r\n"
    }

    @Test func `opens a session for CONNECT and leaves the payload alone`() {
        let outcome = Dialogue.cutEverywhere(self.connect() + "\u{16}\u{3}\r\n\r\n")
        #expect(outcome.target?.description == "example.net:443")
        #expect(outcome.left.text == "\u{16}\u{3}\r\n\r\n")
        #expect(outcome.sent.isEmpty)
        #expect(outcome.front.succeeded(bound: nil).text == "HTTP/1.1 200 Connection established\r\n\r\n")
        #expect(outcome.front.timeoutReply.isEmpty)
        #expect(outcome.front.failed(.refused).text.hasPrefix("HTTP/1.1 502 "))
        #expect(outcome.front.failed(.denied).text.hasPrefix("HTTP/1.1 403 "))
        #expect(outcome.front.failed(.timedOut).text.hasPrefix("HTTP/1.1 504 "))
    }

    @Test func `opens a session for a client without a Host field`() {
        #expect(Dialogue.cutEverywhere("CONNECT [::1]:22 HTTP/1.0\r\n\r\n").target?.description == "[::1]:22")
    }

    @Test func `forwards a plain request and leaves its body alone`() throws {
        let outcome = Dialogue.cutEverywhere("POST http://a/b HTTP/1.1\r\nContent-Length: 3\r\n\r\nabcGET ")
        var forward = try #require(outcome.forward)
        #expect(forward.target.description == "a:80")
        #expect(forward.head.text == "POST /b HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nConnection: close\r\n\r\n")
        var rest = outcome.left
        #expect(try rest.withByteRegion { try forward.body.accept($0) } == 3)
        #expect(forward.body.isComplete)
        // The origin says itself that it has the request.
        #expect(outcome.front.succeeded(bound: nil).isEmpty)
        #expect(outcome.front.failed(.nameNotResolved).text.hasPrefix("HTTP/1.1 502 "))
    }

    @Test(arguments: [
        ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", 400), ("GET https://a/ HTTP/1.1\r\n\r\n", 501),
        ("GET ftp://a/ HTTP/1.1\r\n\r\n", 501), ("CONNECT a HTTP/1.1\r\n\r\n", 400),
        ("CONNECT u:p@a:443 HTTP/1.1\r\n\r\n", 400), ("GET http://a/ HTTP/2.0\r\n\r\n", 505), ("GET\r\n\r\n", 400),
        ("GET http://a/ HTTP/1.1\r\nA : b\r\n\r\n", 400), ("GET http://a/ HTTP/1.1\r\nA: b\r\n c\r\n\r\n", 400),
        ("GET http://a/ HTTP/1.1\nHost: a\n\n", 400), ("GET http://a/ HTTP/1.1\r\nA: b\rc\r\n\r\n", 400),
        ("GET http://a/ HTTP/1.1\r\nA: \0\r\n\r\n", 400),
        ("POST http://a/ HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        ("POST http://a/ HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
    ])
    func `answers what it does not serve`(input: String, status: Int) {
        let outcome = Dialogue.cutEverywhere(input)
        #expect(outcome.status == "HTTP/1.1 \(status)")
        #expect(outcome.sent.isEmpty)
    }

    @Test func `takes a head of the greatest length and none longer`() {
        let start = "GET http://a/ HTTP/1.1\r\nA: "
        let longest = String(repeating: "b", count: 65536 - start.utf8.count - 4)
        let fits = Dialogue(Array((start + longest + "\r\n\r\n").utf8), cuts: [], requiresAuthentication: false)
        #expect(fits.forward?.target.port == 80)
        let over = Array((start + longest + "b\r\n\r\n").utf8)
        #expect(Dialogue(over, cuts: [], requiresAuthentication: false).status == "HTTP/1.1 431")
        #expect(Dialogue(over, cuts: [65535], requiresAuthentication: false).status == "HTTP/1.1 431")
    }

    @Test func `asks for a password and lets the retry in on the same connection`() {
        let outcome = Dialogue.cutEverywhere(
            self.connect() + self.connect(Self.wrong) + self.connect(Self.right) + "\u{16}",
            requiresAuthentication: true
        )
        #expect(outcome.sent.text == Self.challenge + Self.challenge)
        #expect(outcome.asked == ["alice:wrong", "alice:secret"])
        #expect(outcome.target?.description == "example.net:443")
        #expect(outcome.left == [0x16])
    }

    @Test func `lets a password in that was not asked for`() {
        let outcome = Dialogue.cutEverywhere(
            "GET http://a/ HTTP/1.0\r\n\(Self.right)\r\n",
            requiresAuthentication: true
        )
        #expect(outcome.sent.isEmpty)
        #expect(outcome.forward?.head.text == "GET / HTTP/1.0\r\nHost: a\r\nConnection: close\r\n\r\n")
    }

    @Test func `does not pass a password on that nobody asked for`() {
        let outcome = Dialogue.cutEverywhere("GET http://a/ HTTP/1.1\r\n\(Self.right)\r\n")
        #expect(outcome.asked.isEmpty)
        #expect(outcome.forward?.head.text == "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    }

    @Test(arguments: [1, 2, 3])
    func `bears with two wrong passwords and not with a third`(count: Int) {
        let input = String(repeating: self.connect(Self.wrong), count: count)
        let outcome = Dialogue.cutEverywhere(input, requiresAuthentication: true)
        #expect(outcome.asked.count == count)
        #expect(outcome.sent.text == String(repeating: Self.challenge, count: min(count, 2)))
        #expect(outcome.status == (count == 3 ? "HTTP/1.1 407" : nil))
        if count == 3 { #expect(outcome.end == .refused(HTTPStatus.proxyAuthenticationRequired.reply)) }
    }

    @Test func `does not ask for ever`() {
        let input = String(repeating: self.connect(), count: 3)
        let outcome = Dialogue.cutEverywhere(input, requiresAuthentication: true)
        #expect(outcome.sent.text == Self.challenge + Self.challenge)
        #expect(outcome.status == "HTTP/1.1 407")
    }

    @Test(arguments: [
        "POST http://a/ HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc",
        "POST http://a/ HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "CONNECT a:1 HTTP/1.0\r\n\r\n", "CONNECT a:1 HTTP/1.1\r\nConnection: close\r\n\r\n",
        "POST http://a/ HTTP/1.1\r\nContent-Length: 3\r\n\(wrong)\r\nabc",
    ])
    func `closes after the question where no retry can follow`(input: String) {
        let outcome = Dialogue.cutEverywhere(input, requiresAuthentication: true)
        #expect(outcome.sent.isEmpty)
        #expect(outcome.end == .refused(HTTPStatus.proxyAuthenticationRequired.reply))
    }

    @Test(arguments: ["Basic", "Basic !", "Bearer YTpi", "Basic YWI=", "Digest username=\"a\""])
    func `asks again where it cannot read the credentials`(value: String) {
        let outcome = Dialogue.cutEverywhere(
            self.connect("Proxy-Authorization: \(value)\r\n"),
            requiresAuthentication: true
        )
        #expect(outcome.asked.isEmpty)
        #expect(outcome.sent.text == Self.challenge)
        #expect(outcome.end == .waiting)
    }

    @Test func `takes what follows a question for a request and nothing else`() {
        let outcome = Dialogue.cutEverywhere(Array(self.connect().utf8) + [0x16, 3, 1], requiresAuthentication: true)
        #expect(outcome.status == "HTTP/1.1 400")
    }

    @Test func `complains of a head that does not end`() {
        let begun = Dialogue(Array("GET http".utf8), cuts: [], requiresAuthentication: true).front
        #expect(begun.timeoutReply == HTTPStatus.requestTimeout.reply)
        let asked = Dialogue(Array(self.connect().utf8), cuts: [], requiresAuthentication: true).front
        #expect(asked.timeoutReply.isEmpty)
    }
}
