import HTTPTypes
import Hummingbird

/// The routes of the API. What has none is answered in JSON too.
enum AdminRoutes {
    private static let contentType = "application/json"

    static func router(_ control: any NodeControl) -> Router<BasicRequestContext> {
        let router = Router(context: BasicRequestContext.self)
        router.add(middleware: JSONFailures())
        router.get("v1/status") { _, _ in try Self.response(.ok, control.status()) }
        router.get("metrics") { request, _ in
            let wantsUsers = request.uri.queryParameters.get("users") == "true"
            let users = wantsUsers ? try control.userControl?.users() ?? [] : []
            let page = MetricsPage(control.status(), users: users)
            var response = Response(status: .ok, body: ResponseBody(byteBuffer: ByteBuffer(string: page.text)))
            response.headers[.contentType] = "text/plain; version=0.0.4; charset=utf-8"
            return response
        }
        UserRoutes.add(to: router, control)
        return router
    }

    static func response(_ status: HTTPResponse.Status, _ body: some Encodable) throws -> Response {
        let bytes = try AdminJSON.encode(body) + [0x0a]
        var response = Response(status: status, body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
        response.headers[.contentType] = Self.contentType
        return response
    }

    /// Makes the framework's own refusals speak JSON.
    private struct JSONFailures: RouterMiddleware {
        func handle(
            _ request: Request,
            context: BasicRequestContext,
            next: (Request, BasicRequestContext) async throws -> Response
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
