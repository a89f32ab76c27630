public import CausewayBytes
import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix

/// Asks a node over its admin API. Blocking: for a command line.
public struct AdminClient: Sendable {
    /// Bytes of an answer at most.
    private static let maximumCount = 64 << 20

    /// Where a node is asked.
    public enum Place: Sendable {
        case socket(path: String)
        case remote(Address, token: String?)
    }

    private let place: Place
    private let timeout: TimeAmount

    /// - Parameter timeout: seconds that a whole request may take.
    public init(_ place: Place, timeout: Int = 10) {
        self.place = place
        self.timeout = .seconds(Int64(timeout))
    }

    /// What messages call the place.
    private var path: String {
        switch self.place {
        case .socket(let path): path
        case .remote(let address, _): address.description
        }
    }

    private var token: String? {
        if case .remote(_, let token) = self.place { token } else { nil }
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

    /// The body of the answer, which is a success.
    private func send(_ request: AdminRequest) throws(AdminError) -> [UInt8] {
        let answer = try self.exchange(request)
        guard (200..<300).contains(answer.status) else {
            let failure = try? AdminJSON.decode(AdminFailure.self, from: answer.body)
            guard let reason = failure?.error else {
                throw .notUnderstood(path: self.path, reason: "status \(answer.status)")
            }
            throw .refused(reason: reason)
        }
        return answer.body
    }

    /// The answer, whatever it is.
    func exchange(_ request: AdminRequest) throws(AdminError) -> AdminAnswer {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        defer { try? group.syncShutdownGracefully() }
        let loop = group.next()
        let token = self.token
        let answer = loop.makePromise(of: AdminAnswer.self)
        let deadline = loop.scheduleTask(in: self.timeout) { answer.fail(AdminError.timedOut(path: self.path)) }
        let bootstrap = ClientBootstrap(group: loop)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHTTPClientHandlers()
                    try channel.pipeline.syncOperations.addHandler(
                        AdminExchange(request, token: token, maximumCount: Self.maximumCount, answer: answer)
                    )
                }
            }
        let channel =
            switch self.place {
            case .socket(let path): bootstrap.connect(unixDomainSocketPath: path)
            case .remote(let address, _):
                bootstrap.connect(host: address.host.description, port: Int(address.port))
            }
        channel.whenFailure { answer.fail($0) }
        let result = Result { try answer.futureResult.wait() }
        deadline.cancel()
        switch result {
        case .success(let answer): return answer
        case .failure(let error as AdminError): throw error
        case .failure(let error as IOError): throw self.failure(error)
        case .failure(let error as NIOConnectionError):
            guard let error = error.connectionErrors.first?.error as? IOError else {
                throw .system(path: self.path, reason: "cannot be resolved")
            }
            throw self.failure(error)
        case .failure(let error): throw .notUnderstood(path: self.path, reason: "\(error)")
        }
    }

    private func failure(_ error: IOError) -> AdminError {
        switch error.errnoCode {
        case ENOENT, ECONNREFUSED: .notRunning(path: self.path)
        case EACCES, EPERM: .notPermitted(path: self.path)
        default: .system(path: self.path, reason: "\(error)")
        }
    }
}
