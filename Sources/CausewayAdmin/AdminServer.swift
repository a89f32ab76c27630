import CausewayBytes
import CausewayCrypto
import Dispatch
import Glibc
import Hummingbird
import HummingbirdCore
public import Logging
import NIOCore
import NIOPosix
import Synchronization

/// The admin API at one endpoint: HTTP/1.1 and JSON, on one thread of its own, away from the loops.
public final class AdminServer: Sendable {
    /// Connections at one time; the API is the operator's, who has few hands.
    private static let maximumConnections = 64
    private static let idleTimeout = TimeAmount.seconds(60)
    /// Only its owner and its group may connect.
    private static let mode: mode_t = 0o660
    /// Seconds that each step of stopping may take.
    private static let patience = 2
    /// Turns of the loop from accepting a connection to handing it on, and some to spare.
    private static let turnsOfAccepting = 8
    /// Milliseconds that connections which were accepted last have to end by themselves.
    private static let respite = 100

    private let endpoint: AdminEndpoint
    /// Where the endpoint is one.
    private let file: SocketFile?
    private let control: any NodeControl
    private let logger: Logger
    private let running = Mutex<Running?>(nil)

    private struct Running {
        var group: MultiThreadedEventLoopGroup
        /// Accepts.
        var listener: any Channel
        var task: Task<Void, Never>
        var isOver: DispatchSemaphore
    }

    public init(_ endpoint: AdminEndpoint, control: any NodeControl, logger: Logger) {
        self.endpoint = endpoint
        if case .socket(let path) = endpoint { self.file = SocketFile(path: path) } else { self.file = nil }
        self.control = control
        var logger = logger
        // What the framework has to say of its connections is nobody's news.
        logger.logLevel = .critical
        self.logger = logger
    }

    /// Binds and serves. Returns once whoever connects is served.
    ///
    /// - Parameter isReplacing: whether the socket of another process is replaced, which goes on with those who are
    ///   connected to it; where it is at a port, that process has to have gone.
    /// - Throws: ``AdminError`` with the reason, and then nothing is left behind.
    public func start(replacing isReplacing: Bool = false) throws(AdminError) {
        if !isReplacing { try self.file?.clear() }
        try self.file?.birthplace.clear()
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let start = Start()
        let isOver = DispatchSemaphore(value: 0)
        let application = Application(
            router: AdminRoutes.router(self.control, tokens: self.tokens),
            server: .http1(configuration: HTTP1Channel.Configuration(idleTimeout: Self.idleTimeout)),
            configuration: ApplicationConfiguration(
                address: self.address,
                serverName: nil,
                availableConnectionsDelegate: MaximumAvailableConnections(Self.maximumConnections)
            ),
            onServerRunning: { start.finish(.success($0)) },
            eventLoopGroupProvider: .shared(group),
            logger: self.logger
        )
        let name = self.endpoint.name
        let (task, outcome) = Self.withMask(0o777 & ~Self.mode) {
            let task = Task(executorPreference: EventLoopTaskExecutor(group.next())) {
                do {
                    try await application.run()
                    start.finish(.failure(.system(path: name, reason: "ended at once")))
                } catch {
                    start.finish(.failure(.system(path: name, reason: "\(error)")))
                }
                isOver.signal()
            }
            return (task, start.wait())
        }
        switch outcome {
        case .success(let listener):
            self.running.withLock { $0 = Running(group: group, listener: listener, task: task, isOver: isOver) }
        case .failure(let error):
            isOver.wait()
            try? group.syncShutdownGracefully()
            throw error
        }
        do throws(AdminError) {
            try self.file?.appear()
        } catch {
            self.stop()
            throw error
        }
    }

    private var tokens: [TokenDigest]? {
        if case .remote(_, let tokens) = self.endpoint { tokens } else { nil }
    }

    private var address: BindAddress {
        switch self.endpoint {
        case .socket(let path): .unixDomainSocket(path: self.file?.birthplace.path ?? path)
        case .remote(let address, _): .hostname(address.ip.description, port: Int(address.port))
        }
    }

    private static let maskLock = Mutex(())

    /// Runs `body` with another mask for new files: the mode of the socket has to be right from the first moment, so the
    /// mask does it and no later call. The mask is the process's, so one server at a time.
    private static func withMask<Value>(_ mask: mode_t, _ body: () -> Value) -> Value {
        self.maskLock.withLock { _ in
            let old = umask(mask)
            defer { umask(old) }
            // Safe: the value goes from this thread to its caller.
            nonisolated(unsafe) let value = body()
            return value
        }
    }

    /// Stops serving, and removes the socket where there is one.
    public func stop() {
        let running = self.running.withLock { running in
            defer { running = nil }
            return running
        }
        guard let running else { return }
        let isClosed = Self.close(running.listener)
        var isOver = running.isOver.wait(timeout: .now() + .milliseconds(Self.respite)) == .success
        if !isOver, isClosed {
            running.task.cancel()
            isOver = running.isOver.wait(timeout: .now() + .seconds(Self.patience)) == .success
        }
        // What does not end in time keeps its thread, for something may still want to run on it.
        if isOver { try? running.group.syncShutdownGracefully() }
        self.file?.remove()
    }

    /// Closes the socket that accepts once all that it has accepted are on their way to a task: a connection that no task
    /// takes any more ends the process (a precondition of SwiftNIO's).
    ///
    /// - Returns: whether that has been done in time.
    private static func close(_ listener: any Channel) -> Bool {
        let isClosed = DispatchSemaphore(value: 0)
        let loop = listener.eventLoop
        var turn = listener.setOption(.autoRead, value: false)
        for _ in 0..<self.turnsOfAccepting { turn = turn.flatMap { loop.submit {} } }
        turn.flatMap { listener.close() }.whenComplete { _ in isClosed.signal() }
        // In time, unless a request holds up the loop.
        return isClosed.wait(timeout: .now() + .seconds(self.patience)) == .success
    }

    /// How the start went, with the channel that accepts; told once.
    private final class Start: Sendable {
        typealias Outcome = Result<any Channel, AdminError>

        private let outcome = Mutex<Outcome?>(nil)
        private let isThere = DispatchSemaphore(value: 0)

        func finish(_ result: Outcome) {
            self.outcome.withLock { outcome in
                guard outcome == nil else { return }
                outcome = result
                self.isThere.signal()
            }
        }

        func wait() -> Outcome {
            while true {
                self.isThere.wait()
                if let outcome = self.outcome.withLock({ $0 }) { return outcome }
            }
        }
    }
}
