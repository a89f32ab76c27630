import Synchronization

/// An HTTP server of a test that gives one body to every request, closes, and keeps the heads of the requests.
public final class HTTPOrigin: Sendable {
    public let body: [UInt8]
    public let port: UInt16
    private let server: LoopbackServer
    private let seen: RequestHeads

    public init(body: [UInt8]) throws {
        let seen = RequestHeads()
        self.body = body
        self.seen = seen
        self.server = try LoopbackServer { connection in
            let head = try connection.readHead()
            seen.heads.withLock { $0.append(head) }
            try connection.write(
                Array("HTTP/1.1 200 OK\r\nContent-Length: \(body.count)\r\nConnection: close\r\n\r\n".utf8) + body
            )
            connection.finishWriting()
            _ = connection.readToEnd()
        }
        self.port = self.server.port
    }

    /// The heads of the requests so far.
    public var requestHeads: [String] { self.seen.heads.withLock { $0 } }

    private final class RequestHeads: Sendable {
        let heads = Mutex<[String]>([])
    }
}
