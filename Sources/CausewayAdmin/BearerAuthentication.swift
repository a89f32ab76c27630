import CausewayBytes
import CausewayCrypto
import Dispatch
import Hummingbird
import NIOCore
import Synchronization

/// Lets whoever has a token pass (RFC 6750 section 2.1), and nobody who has guessed too often.
final class BearerAuthentication: RouterMiddleware {
    typealias Context = AdminContext

    private static let scheme = "bearer "

    private let tokens: [TokenDigest]
    private let control: any NodeControl
    private let limiter = Mutex(AttemptLimiter())

    init(_ tokens: [TokenDigest], _ control: any NodeControl) {
        self.tokens = tokens
        self.control = control
    }

    func handle(
        _ request: Request,
        context: AdminContext,
        next: (Request, AdminContext) async throws -> Response
    ) async throws -> Response {
        let source = context.source ?? ""
        let now = Instant(nanoseconds: DispatchTime.now().uptimeNanoseconds)
        guard self.limiter.withLock({ $0.isAllowed(source, now: now) }) else {
            self.control.adminRefused("too many wrong tokens")
            var response = try AdminRoutes.response(.tooManyRequests, AdminFailure(error: "too many wrong tokens"))
            response.headers[.retryAfter] = "60"
            return response
        }
        guard self.isGood(request.headers[.authorization]) else {
            self.limiter.withLock { $0.failed(source, now: now) }
            self.control.adminRefused("wrong token")
            var response = try AdminRoutes.response(.unauthorized, AdminFailure(error: "a token is wanted"))
            response.headers[.wwwAuthenticate] = "Bearer"
            return response
        }
        return try await next(request, context)
    }

    /// Looks at every token, so that the time tells nothing of which one was near.
    private func isGood(_ field: String?) -> Bool {
        guard let field, field.prefix(Self.scheme.count).lowercased() == Self.scheme else { return false }
        let token = field.dropFirst(Self.scheme.count)
        guard let digest = TokenDigest(of: String(token)) else { return false }
        return self.tokens.reduce(false) { isGood, token in token == digest || isGood }
    }
}
