import NIOCore
import NIOHTTP1

/// What a node is asked.
struct AdminRequest: Sendable {
    var method = "GET"
    var target: String
    /// JSON.
    var body: [UInt8]?
}

/// Status and body of an answer.
struct AdminAnswer: Sendable {
    var status: UInt
    var body: [UInt8]
}

/// One request and its answer on a connection of the client's.
final class AdminExchange: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    enum ExchangeError: Error {
        case tooLong, endedEarly
    }

    private let request: AdminRequest
    private let token: String?
    private let maximumCount: Int
    private let answer: EventLoopPromise<AdminAnswer>
    private var received = AdminAnswer(status: 0, body: [])

    /// - Parameter token: the bearer token, where one is wanted.
    init(_ request: AdminRequest, token: String?, maximumCount: Int, answer: EventLoopPromise<AdminAnswer>) {
        self.request = request
        self.token = token
        self.maximumCount = maximumCount
        self.answer = answer
    }

    func channelActive(context: ChannelHandlerContext) {
        var fields: HTTPHeaders = ["Host": "causeway", "Connection": "close"]
        if let token = self.token { fields.add(name: "Authorization", value: "Bearer \(token)") }
        if let body = self.request.body {
            fields.add(name: "Content-Type", value: "application/json")
            fields.add(name: "Content-Length", value: "\(body.count)")
        }
        let head = HTTPRequestHead(
            version: .http1_1,
            method: HTTPMethod(rawValue: self.request.method),
            uri: self.request.target,
            headers: fields
        )
        context.write(self.wrapOutboundOut(.head(head)), promise: nil)
        if let body = self.request.body {
            context.write(self.wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: body)))), promise: nil)
        }
        context.writeAndFlush(self.wrapOutboundOut(.end(nil)), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch self.unwrapInboundIn(data) {
        case .head(let head): self.received.status = head.status.code
        case .body(let body):
            self.received.body += body.readableBytesView
            if self.received.body.count > self.maximumCount { self.fail(.tooLong, context) }
        case .end:
            self.answer.succeed(self.received)
            context.close(promise: nil)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        self.answer.fail(error)
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        // Does nothing where there is an answer already.
        self.answer.fail(ExchangeError.endedEarly)
    }

    private func fail(_ error: ExchangeError, _ context: ChannelHandlerContext) {
        self.answer.fail(error)
        context.close(promise: nil)
    }
}
