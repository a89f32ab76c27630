import Testing

@testable import CausewayFronts

@Suite struct HTTPStatusTests {
    @Test(arguments: [
        (HTTPStatus.badRequest, "400 Bad Request"), (.forbidden, "403 Forbidden"),
        (.requestTimeout, "408 Request Timeout"), (.headerFieldsTooLarge, "431 Request Header Fields Too Large"),
        (.notImplemented, "501 Not Implemented"), (.badGateway, "502 Bad Gateway"),
        (.gatewayTimeout, "504 Gateway Timeout"), (.versionNotSupported, "505 HTTP Version Not Supported"),
    ])
    func `answers completely and closes`(status: HTTPStatus, line: String) {
        #expect(status.reply.text == "HTTP/1.1 \(line)\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    }

    @Test(arguments: [(true, "keep-alive"), (false, "close")])
    func `asks for a password and says what becomes of the connection`(keeps: Bool, connection: String) {
        let reply = keeps ? HTTPStatus.challenge : HTTPStatus.proxyAuthenticationRequired.reply
        #expect(
            reply.text == "HTTP/1.1 407 Proxy Authentication Required\r\n"
                + "Proxy-Authenticate: Basic realm=\"causeway\"\r\nContent-Length: 0\r\n"
                + "Connection: \(connection)\r\n\r\n"
        )
    }

    @Test(arguments: [
        (ConnectFailure.general, HTTPStatus.badGateway), (.denied, .forbidden), (.networkUnreachable, .badGateway),
        (.hostUnreachable, .badGateway), (.nameNotResolved, .badGateway), (.timedOut, .gatewayTimeout),
        (.refused, .badGateway),
    ])
    func `has a status for every failure`(failure: ConnectFailure, status: HTTPStatus) {
        #expect(HTTPStatus(failure) == status)
    }
}
