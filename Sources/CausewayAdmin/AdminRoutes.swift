import CausewayCrypto
import HTTPTypes
import Hummingbird

/// The routes of the API. What has none is answered in JSON too.
enum AdminRoutes {
    private static let contentType = "application/json"

    /// Sessions that are told of where nobody says how many, and at most.
    private static let sessionLimits = (standard: 100, maximum: 100_000)

    /// Seconds that sessions of a node that drains have at most: a day, by when a host is to be down.
    private static let longestDrain = 86_400
    /// The same after a hand-over, for which nobody waits: a month.
    private static let longestHandOver = 31 * 86_400

    /// - Parameter tokens: those of which a request needs one; `nil` where it needs none.
    static func router(_ control: any NodeControl, tokens: [TokenDigest]?) -> Router<AdminContext> {
        let router = Router(context: AdminContext.self)
        router.add(middleware: JSONFailures())
        if let tokens { router.add(middleware: BearerAuthentication(tokens, control)) }
        router.get("openapi.json") { _, _ in
            Self.response(json: ByteBuffer(bytes: PackageResources.openapi_json))
        }
        router.get("v1/status") { _, _ in try Self.response(.ok, control.status()) }
        router.get("metrics") { request, _ in
            let wantsUsers = request.uri.queryParameters.get("users") == "true"
            let users = wantsUsers ? try control.userControl?.users() ?? [] : []
            let page = MetricsPage(control.status(), users: users)
            var response = Response(status: .ok, body: ResponseBody(byteBuffer: ByteBuffer(string: page.text)))
            response.headers[.contentType] = "text/plain; version=0.0.4; charset=utf-8"
            return response
        }
        router.get("v1/sessions") { request, _ in
            let limits = Self.sessionLimits
            let limit = try Self.number("limit", of: request, atMost: limits.maximum)
            let user = request.uri.queryParameters.get("user")
            return try Self.response(.ok, try control.sessions(of: user, limit: limit ?? limits.standard))
        }
        router.post("v1/reload") { request, _ in
            let isTrial = request.uri.queryParameters.get("trial") == "true"
            return try Self.response(.ok, try control.reload(isTrial: isTrial))
        }
        router.post("v1/drain") { request, _ in
            let seconds = try Self.number("deadline", of: request, atMost: Self.longestDrain)
            return try Self.response(.ok, try control.drain(seconds: seconds))
        }
        router.post("v1/upgrade") { request, _ in
            let seconds = try Self.number("deadline", of: request, atMost: Self.longestHandOver)
            return try Self.response(.ok, try control.handOver(seconds: seconds))
        }
        router.get("v1/log") { _, _ in try Self.response(.ok, try control.logSetting()) }
        router.put("v1/log") { request, _ in
            let setting = try UserRoutes.decode(LogSetting.self, try await UserRoutes.bytes(of: request))
            return try Self.response(.ok, try control.setLog(setting))
        }
        UserRoutes.add(to: router, control)
        return router
    }

    /// A parameter of the query; `nil` where it is left out.
    private static func number(
        _ name: String,
        of request: Request,
        atMost maximum: Int
    ) throws(ControlError) -> Int? {
        guard let text = request.uri.queryParameters.get(name) else { return nil }
        guard let number = Int(text), (0...maximum).contains(number) else {
            throw .invalid("\(name): is not a whole number from 0 to \(maximum)")
        }
        return number
    }

    static func response(_ status: HTTPResponse.Status, _ body: some Encodable) throws -> Response {
        Self.response(status, json: ByteBuffer(bytes: try AdminJSON.encode(body) + [0x0a]))
    }

    private static func response(_ status: HTTPResponse.Status = .ok, json: ByteBuffer) -> Response {
        var response = Response(status: status, body: ResponseBody(byteBuffer: json))
        response.headers[.contentType] = Self.contentType
        return response
    }

    /// Makes the framework's own refusals speak JSON.
    private struct JSONFailures: RouterMiddleware {
        func handle(
            _ request: Request,
            context: AdminContext,
            next: (Request, AdminContext) async throws -> Response
        ) async throws -> Response {
            do {
                return try await next(request, context)
            } catch let error as ControlError {
                return try AdminRoutes.response(Self.status(of: error), AdminFailure(error: error.description))
            } catch let error as any HTTPResponseError {
                return try AdminRoutes.response(error.status, AdminFailure(error: error.status.reasonPhrase))
            }
        }

        private static func status(of error: ControlError) -> HTTPResponse.Status {
            switch error {
            case .notFound: .notFound
            case .conflict: .conflict
            case .invalid: .unprocessableContent
            case .unavailable: .serviceUnavailable
            }
        }
    }
}
