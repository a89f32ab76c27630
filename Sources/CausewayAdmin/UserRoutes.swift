import CausewayBytes
import HTTPTypes
import Hummingbird

/// The routes that are about users.
enum UserRoutes {
    /// Bytes of a request's body; a hundred thousand users come in less.
    private static let maximumBody = 64 << 20

    static func add(to router: Router<AdminContext>, _ control: any NodeControl) {
        router.get("v1/users") { _, _ in
            try AdminRoutes.response(.ok, try Self.users(control).users())
        }
        router.post("v1/users") { request, _ in
            let bytes = try await Self.bytes(of: request)
            let isList = bytes.first { ![0x20, 0x09, 0x0a, 0x0d].contains($0) } == UInt8(ascii: "[")
            let users = isList ? try Self.decode([UserChange].self, bytes) : [try Self.decode(UserChange.self, bytes)]
            let added = try Self.users(control).add(users)
            return isList
                ? try AdminRoutes.response(.created, added) : try AdminRoutes.response(.created, added.first)
        }
        router.get("v1/users/:name") { _, context in
            try AdminRoutes.response(.ok, try Self.users(control).user(try Self.name(context)))
        }
        router.patch("v1/users/:name") { request, context in
            let change = try Self.decode(UserChange.self, try await Self.bytes(of: request))
            return try AdminRoutes.response(.ok, try Self.users(control).change(try Self.name(context), change))
        }
        router.delete("v1/users/:name") { _, context in
            try Self.users(control).remove(try Self.name(context))
            return Response(status: .noContent)
        }
        router.get("v1/users/:name/keys") { _, context in
            try AdminRoutes.response(.ok, try Self.users(control).keys(of: try Self.name(context)))
        }
        router.post("v1/users/:name/rotate") { request, context in
            let rotation = try Self.decode(Rotation.self, try await Self.bytes(of: request))
            return try AdminRoutes.response(.ok, try Self.users(control).rotate(try Self.name(context), rotation))
        }
        router.post("v1/users/:name/topup") { request, context in
            let topUp = try Self.decode(TopUp.self, try await Self.bytes(of: request))
            return try AdminRoutes.response(.ok, try Self.users(control).topUp(try Self.name(context), topUp))
        }
        router.post("v1/users/:name/reset") { _, context in
            try AdminRoutes.response(.ok, try Self.users(control).reset(try Self.name(context)))
        }
        router.get("v1/users/:name/usage") { request, context in
            let unit = request.uri.queryParameters.get("by") ?? "cycle"
            return try AdminRoutes.response(.ok, try Self.users(control).usage(of: try Self.name(context), by: unit))
        }
    }

    private static func users(_ control: any NodeControl) throws(ControlError) -> any UserControl {
        guard let users = control.userControl else { throw .notFound("no listener of this node asks for users") }
        return users
    }

    private static func name(_ context: AdminContext) throws(ControlError) -> String {
        guard let name = context.parameters.get("name") else { throw .notFound("no name") }
        guard let decoded = PercentEncoding.decode(name) else {
            throw .invalid("the name is not encoded as UTF-8 and percent signs")
        }
        return decoded
    }

    /// The body of a request, which has a bound.
    static func bytes(of request: Request) async throws -> [UInt8] {
        let buffer = try await request.body.collect(upTo: Self.maximumBody)
        return Array(buffer.readableBytesView)
    }

    /// What a body of JSON says.
    static func decode<Value: Decodable>(
        _ type: Value.Type,
        _ bytes: [UInt8]
    ) throws(ControlError) -> Value {
        do {
            return try AdminJSON.decode(type, from: bytes)
        } catch let error as DecodingError {
            throw .invalid(Self.reason(error))
        } catch {
            throw .invalid("the body is no JSON")
        }
    }

    private static func reason(_ error: DecodingError) -> String {
        func path(_ context: DecodingError.Context) -> String {
            context.codingPath.map { $0.intValue.map { "[\($0)]" } ?? $0.stringValue }.joined(separator: ".")
        }
        switch error {
        case .dataCorrupted(let context):
            let place = path(context)
            return place.isEmpty ? context.debugDescription : "\(place): \(context.debugDescription)"
        case .keyNotFound(let key, _): return "\(key.stringValue) is missing"
        case .typeMismatch(_, let context), .valueNotFound(_, let context):
            return "\(path(context)): \(context.debugDescription)"
        @unknown default: return "the body is not what is wanted here"
        }
    }
}
