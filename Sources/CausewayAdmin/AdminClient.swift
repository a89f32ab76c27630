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
        String(decoding: try self.get(target), as: UTF8.self)
    }

    private func get<Value: Decodable>(_ target: String, as type: Value.Type) throws(AdminError) -> Value {
        let body = try self.get(target)
        do {
            return try AdminJSON.decode(type, from: body)
        } catch {
            throw .notUnderstood(path: self.path, reason: "\(error)")
        }
    }

    private func get(_ target: String) throws(AdminError) -> [UInt8] {
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
                        AdminExchange(target: target, maximumCount: Self.maximumCount, answer: answer)
                    )
                }
            }
            .connect(unixDomainSocketPath: self.path)
            .whenFailure { answer.fail($0) }
        let result = Result { try answer.futureResult.wait() }
        deadline.cancel()
        switch result {
        case .success(let answer):
            guard answer.status == 200 else {
                let failure = try? AdminJSON.decode(AdminFailure.self, from: answer.body)
                throw .notUnderstood(path: self.path, reason: failure?.error ?? "status \(answer.status)")
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
