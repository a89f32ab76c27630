/// The statuses that the HTTP front answers with on its own account.
enum HTTPStatus: Int, Error, Equatable, Sendable {
    case badRequest = 400
    case forbidden = 403
    case proxyAuthenticationRequired = 407
    case requestTimeout = 408
    case headerFieldsTooLarge = 431
    case notImplemented = 501
    case badGateway = 502
    case gatewayTimeout = 504
    case versionNotSupported = 505

    init(_ failure: ConnectFailure) {
        switch failure {
        case .denied: self = .forbidden
        case .timedOut: self = .gatewayTimeout
        case .general, .networkUnreachable, .hostUnreachable, .nameNotResolved, .refused: self = .badGateway
        }
    }

    /// The whole answer, after which the connection is closed. It has no body: to a CONNECT none could be read.
    var reply: [UInt8] { self.reply(connection: "close") }

    /// The answer that asks for a password and leaves the connection open for the next attempt; clients begin the
    /// retry on the same connection. An HTTP/1.0 client has to be told that it may.
    static let challenge = Self.proxyAuthenticationRequired.reply(connection: "keep-alive")

    private func reply(connection: String) -> [UInt8] {
        let challenge = self == .proxyAuthenticationRequired ? "Proxy-Authenticate: Basic realm=\"causeway\"\r\n" : ""
        let head = "HTTP/1.1 \(self.rawValue) \(self.reason)\r\n\(challenge)"
        return Array("\(head)Content-Length: 0\r\nConnection: \(connection)\r\n\r\n".utf8)
    }

    private var reason: String {
        switch self {
        case .badRequest: "Bad Request"
        case .forbidden: "Forbidden"
        case .proxyAuthenticationRequired: "Proxy Authentication Required"
        case .requestTimeout: "Request Timeout"
        case .headerFieldsTooLarge: "Request Header Fields Too Large"
        case .notImplemented: "Not Implemented"
        case .badGateway: "Bad Gateway"
        case .gatewayTimeout: "Gateway Timeout"
        case .versionNotSupported: "HTTP Version Not Supported"
        }
    }
}
