import CausewayBytes

/// The proxy side of HTTP/1.x: CONNECT (RFC 9110 section 9.3.6) and plain requests in absolute-form, one per
/// connection.
///
///     head ──▶ request                         nobody asks for a password
///     head ──▶ verdict ──▶ request             credentials that are accepted
///       ▲         │
///       └── 407 ◀─┘                            and that are not, or are missing; the connection stays open
struct HTTPFront: Sendable {
    /// How often a client may send a wrong password, and how often none, on one connection.
    static let maximumAttempts = 3

    private enum State: Sendable {
        case head
        /// The driver looks the credentials up.
        case verdict(HTTPRequest)
        case connect
        case forward
        case refused
    }

    private var state = State.head
    private var scanner = HTTPHeadScanner()
    private let requiresAuthentication: Bool
    private var wrong: UInt8 = 0
    private var missing: UInt8 = 0

    init(requiresAuthentication: Bool) {
        self.requiresAuthentication = requiresAuthentication
    }

    mutating func receive(_ input: ByteRegion) -> (consumed: Int, step: MixedFront.Step) {
        guard case .head = self.state else { preconditionFailure("input while \(self.state)") }
        guard !input.isEmpty else { return (0, .needMore) }
        // The first head is here because of its letter; the one after a 407 has to be judged by the same rule.
        guard ASCII.isLetter(input[0]) else { return (input.count, self.refuse(.badRequest)) }
        switch self.scanner.scan(input) {
        case .incomplete: return (0, .needMore)
        case .malformed: return (input.count, self.refuse(.badRequest))
        case .tooLong: return (input.count, self.refuse(.headerFieldsTooLarge))
        case .found(let count):
            self.scanner = HTTPHeadScanner()
            do throws(HTTPStatus) {
                let request = try HTTPRequest(HTTPHead(input.region(0..<count).array()))
                let step = self.received(request)
                if case .refuse = step { return (input.count, step) }
                return (count, step)
            } catch {
                return (input.count, self.refuse(error))
            }
        }
    }

    mutating func authenticated(_ accepted: Bool) -> MixedFront.Step {
        guard case .verdict(let request) = self.state else { preconditionFailure("a verdict while \(self.state)") }
        if accepted { return self.open(request.request) }
        self.wrong += 1
        return self.challenge(request, attempts: self.wrong)
    }

    var succeeded: [UInt8] {
        switch self.state {
        case .connect: Self.established
        // The origin's own answer is the answer.
        case .head, .verdict, .forward, .refused: []
        }
    }

    var timeoutReply: [UInt8] {
        switch self.state {
        case .head: self.scanner.hasBegun ? HTTPStatus.requestTimeout.reply : []
        case .verdict, .connect, .forward, .refused: []
        }
    }

    private mutating func received(_ request: HTTPRequest) -> MixedFront.Step {
        guard self.requiresAuthentication else { return self.open(request.request) }
        guard let credentials = request.credentials else {
            self.missing += 1
            return self.challenge(request, attempts: self.missing)
        }
        self.state = .verdict(request)
        return .authenticate(name: credentials.name, password: credentials.password)
    }

    private mutating func open(_ request: MixedFront.Request) -> MixedFront.Step {
        switch request {
        case .connect, .associate: self.state = .connect
        case .http: self.state = .forward
        }
        return .request(request)
    }

    /// Asks for a password, on the same connection where the client can find the end of this request and the begin of
    /// the next: with a body on its way that would mean reading it to nobody's use.
    private mutating func challenge(_ request: HTTPRequest, attempts: UInt8) -> MixedFront.Step {
        guard attempts < Self.maximumAttempts, request.keepsOpen, !request.hasBody else {
            return self.refuse(.proxyAuthenticationRequired)
        }
        self.state = .head
        return .send(HTTPStatus.challenge)
    }

    private mutating func refuse(_ status: HTTPStatus) -> MixedFront.Step {
        self.state = .refused
        return .refuse(status.reply)
    }

    private static let established = Array("HTTP/1.1 200 Connection established\r\n\r\n".utf8)
}
