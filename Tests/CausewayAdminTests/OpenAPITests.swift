import Foundation
import Hummingbird
import TestSupport
import Testing

@testable import CausewayAdmin

/// The document is what the API does, and the other way round.
@Suite struct OpenAPITests {
    private typealias Object = [String: Any]

    private static func document(_ client: AdminClient) throws -> Object {
        let text = try client.text(of: "/openapi.json")
        return try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? Object)
    }

    /// Every operation of the document: method, path and the operation.
    private static func operations(_ document: Object) -> [(method: String, path: String, operation: Object)] {
        (document["paths"] as? [String: Object] ?? [:]).flatMap { path, item in
            item.compactMap { method, operation in
                method == "parameters" ? nil : (method.uppercased(), path, operation as? Object ?? [:])
            }
        }
    }

    private func withServer(_ body: (AdminClient) throws -> Void) throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("admin.sock")
        let server = AdminServer(
            .socket(path: path),
            control: FakeNode(users: FakeUsers()),
            logger: AdminServerTests.logger
        )
        try server.start()
        defer { server.stop() }
        try body(AdminClient(.socket(path: path)))
    }

    @Test func `what is served is in the document, and nothing else is`() throws {
        let served = AdminRoutes.router(FakeNode(), tokens: nil).routes.map { route in
            let path = "\(route.path)".split(separator: "/").map { $0.hasPrefix(":") ? "{\($0.dropFirst())}" : "\($0)" }
            return "\(route.method) /\(path.joined(separator: "/"))"
        }
        try self.withServer { client in
            let documented = Self.operations(try Self.document(client)).map { "\($0.method) \($0.path)" }
            #expect(Set(served) == Set(documented))
            #expect(documented.count > 10)
        }
    }

    /// What the tests send where an operation wants a body.
    private static let bodies: [String: String] = [
        "addUsers": #"{"name": "bob"}"#, "changeUser": #"{"quota": null, "version": 3}"#,
        "rotate": #"{"overlap": 60, "key_bytes": 16}"#, "topUp": #"{"bytes": 5}"#,
        "setLog": #"{"level": "debug"}"#,
    ]

    @Test func `every answer is as the document says`() throws {
        try self.withServer { client in
            let document = try Self.document(client)
            let schema = Schema(document: document)
            for (method, path, operation) in Self.operations(document) {
                let id = try #require(operation["operationId"] as? String)
                let body = Self.bodies[id]
                #expect((operation["requestBody"] != nil) == (body != nil), "\(id)")
                let target = path.replacing("{name}", with: "alice%20b")
                let answer = try client.exchange(
                    AdminRequest(method: method, target: target, body: body.map { Array($0.utf8) })
                )
                let responses = try #require(operation["responses"] as? [String: Object])
                let response = try #require(responses["\(answer.status)"], "\(id): \(answer.status)")
                #expect((200..<300).contains(answer.status), "\(id)")
                guard let content = response["content"] as? [String: Object] else {
                    #expect(answer.body.isEmpty, "\(id)")
                    continue
                }
                guard let wanted = content["application/json"]?["schema"] as? Object else { continue }
                if id == "openapi" { continue }
                let value = try JSONSerialization.jsonObject(with: Data(answer.body), options: .fragmentsAllowed)
                #expect(schema.faults(of: value, wanted, at: id) == [])
            }
        }
    }

    @Test(arguments: [
        ("GET", "/v1/users/nobody", nil, 404), ("DELETE", "/v1/users/nobody", nil, 404),
        ("PATCH", "/v1/users/alice%20b", #"{"version": 2}"#, 409), ("PATCH", "/v1/users/alice%20b", "{", 422),
        ("PATCH", "/v1/users/alice%20b", #"{"quotta": 5}"#, 422),
        ("POST", "/v1/users/alice%20b/topup", #"{"bytes": -1}"#, 422),
        ("POST", "/v1/users/alice%20b/topup", #"{"bytes": 18446744073709551616}"#, 422),
        ("POST", "/v1/users/alice%20b/topup", #"{"bytes": 1, "byte": 1}"#, 422),
        ("POST", "/v1/users/alice%20b/rotate", #"{"overlapp": 1}"#, 422),
        ("GET", "/v1/users/alice%20b/usage?by=year", nil, 422), ("GET", "/v1/sessions?limit=-1", nil, 422),
        ("GET", "/v1/sessions?limit=100001", nil, 422),
        ("PUT", "/v1/log", #"{"levle": "info"}"#, 422), ("PUT", "/v1/log", "{}", 422),
        ("GET", "/v1/users/%FF", nil, 422),
    ])
    func `what is refused is refused as the document says`(method: String, target: String, body: String?, status: UInt)
        throws
    {
        try self.withServer { client in
            let document = try Self.document(client)
            let answer = try client.exchange(
                AdminRequest(method: method, target: target, body: body.map { Array($0.utf8) })
            )
            #expect(answer.status == status)
            let schema = Schema(document: document)
            let value = try JSONSerialization.jsonObject(with: Data(answer.body))
            #expect(schema.faults(of: value, schema.resolve("#/components/schemas/Error"), at: target) == [])
            let path = target.prefix { $0 != "?" }.split(separator: "/").enumerated()
                .map { $0 == 2 ? "{name}" : "\($1)" }.joined(separator: "/")
            let operation = Self.operations(document).first { $0.method == method && $0.path == "/\(path)" }
            let responses = try #require(operation?.operation["responses"] as? Object)
            #expect(responses["\(status)"] != nil)
        }
    }
}
