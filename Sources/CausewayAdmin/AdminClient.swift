import CausewayBytes
import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix

/// Asks a node over its admin socket. Blocking: for a command line.
public struct AdminClient: Sendable {
    /// Bytes of an answer at most.
    private static let maximumCount = 64 << 20

    private let path: String
    private let timeout: TimeAmount

    /// - Parameter timeout: seconds that a whole request may take.
    public init(socket path: String, timeout: Int = 10) {
        self.path = path
        self.timeout = .seconds(Int64(timeout))
    }

    /// What the node is doing.
    public func status() throws(AdminError) -> NodeStatus {
        try self.get("/v1/status", as: NodeStatus.self)
    }

    /// The answer to GET as it came: one JSON text.
    public func text(of target: String) throws(AdminError) -> String {
        String(decoding: try self.send(AdminRequest(target: target)), as: UTF8.self)
    }

    /// The answer to GET.
    public func get<Value: Decodable>(_ target: String, as type: Value.Type) throws(AdminError) -> Value {
        try self.decode(type, try self.send(AdminRequest(target: target)))
    }

    /// The answer to a request that changes something.
    public func send<Value: Decodable>(
        _ method: String,
        _ target: String,
        _ body: (some Encodable)?,
        as type: Value.Type
    ) throws(AdminError) -> Value {
        try self.decode(type, try self.send(AdminRequest(method: method, target: target, body: try self.encode(body))))
    }

    /// Asks to remove what `target` names.
    public func delete(_ target: String) throws(AdminError) {
        _ = try self.send(AdminRequest(method: "DELETE", target: target))
    }

    /// The path of a user, whatever the name is.
    public static func path(ofUser name: String) -> String { "/v1/users/\(PercentEncoding.encode(name))" }

    private func encode(_ body: (some Encodable)?) throws(AdminError) -> [UInt8]? {
        guard let body else { return nil }
        do {
            return try AdminJSON.encode(body)
        } catch {
            throw .notUnderstood(path: self.path, reason: "\(error)")
        }
    }

    private func decode<Value: Decodable>(_ type: Value.Type, _ body: [UInt8]) throws(AdminError) -> Value {
        do {
            return try AdminJSON.decode(type, from: body)
        } catch {
            throw .notUnderstood(path: self.path, reason: "\(error)")
        }
    }

    private func send(_ request: AdminRequest) throws(AdminError) -> [UInt8] {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        defer { try? group.syncShutdownGracefully() }
        let loop = group.next()
        let answer = loop.makePromise(of: AdminAnswer.self)
        let deadline = loop.scheduleTask(in: self.timeout) { answer.fail(AdminError.timedOut(path: self.path)) }
        ClientBootstrap(group: loop)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHTTPClientHandlers()
                    try channel.pipeline.syncOperations.addHandler(
                        AdminExchange(request, maximumCount: Self.maximumCount, answer: answer)
                    )
                }
            }
            .connect(unixDomainSocketPath: self.path)
            .whenFailure { answer.fail($0) }
        let result = Result { try answer.futureResult.wait() }
        deadline.cancel()
        switch result {
        case .success(let answer):
            guard (200..<300).contains(answer.status) else {
                let failure = try? AdminJSON.decode(AdminFailure.self, from: answer.body)
                guard let reason = failure?.error else {
                    throw .notUnderstood(path: self.path, reason: "status \(answer.status)")
                }
                throw .refused(reason: reason)
            }
            return answer.body
        case .failure(let error as AdminError): throw error
        case .failure(let error as IOError):
            switch error.errnoCode {
            case ENOENT, ECONNREFUSED: throw .notRunning(path: self.path)
            case EACCES, EPERM: throw .notPermitted(path: self.path)
            default: throw .system(path: self.path, reason: "\(error)")
            }
        case .failure(let error): throw .notUnderstood(path: self.path, reason: "\(error)")
        }
    }
}
