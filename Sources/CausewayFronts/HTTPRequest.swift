import CausewayBytes

/// What a request head asks of the front.
struct HTTPRequest: Sendable {
    let request: MixedFront.Request
    let credentials: BasicCredentials?
    /// Whether bytes after the head belong to the request.
    let hasBody: Bool
    /// Whether the client will say more on the connection after the answer.
    let keepsOpen: Bool

    init(_ head: HTTPHead) throws(HTTPStatus) {
        let survey = try HTTPFieldSurvey(head)
        self.credentials = survey.credentials
        self.hasBody = !survey.body.isComplete
        self.keepsOpen = survey.keepsOpen
        if head.method.elementsEqual(Self.connect) {
            // Whatever follows a CONNECT is the session's; a client that announces a body means something else.
            guard !self.hasBody, let authority = HTTPAuthority(head.target), let port = authority.port else {
                throw .badRequest
            }
            self.request = .connect(Address(host: authority.host, port: port))
        } else {
            let target = try HTTPTarget(head.target)
            guard let authority = HTTPAuthority(target.authority) else { throw .badRequest }
            let forward = MixedFront.HTTPForward(
                target: Address(host: authority.host, port: authority.port ?? 80),
                head: head.forwarded(to: target, leavingOut: survey.connectionOptions),
                body: survey.body
            )
            self.request = .http(forward)
        }
    }

    private static let connect = Array("CONNECT".utf8)
}
