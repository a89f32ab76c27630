import Foundation
import Synchronization

/// A TCP server of a test on 127.0.0.1: one thread per connection, ended when the test lets go of it.
public final class LoopbackServer: Sendable {
    public let port: UInt16
    private let listener: LoopbackSocket
    private let connections = Mutex<[LoopbackSocket]>([])
    private let accepted = Atomic<Int>(0)
    private let state = State()

    /// What the connections' threads report; they may outlive the server.
    private final class State: Sendable {
        let open = Atomic<Int>(0)
        let failures = Mutex<[String]>([])
    }

    /// Serves each connection with `handler`, on a thread of its own; the connection is closed when that returns.
    public init(_ handler: @escaping @Sendable (LoopbackSocket) throws -> Void) throws {
        let listener = try LoopbackSocket.listening(on: 0)
        self.listener = listener
        self.port = listener.localPort
        Thread.detachNewThread { [weak self] in
            while let connection = listener.accept() {
                guard let self else { return }
                self.connections.withLock { $0.append(connection) }
                self.accepted.add(1, ordering: .sequentiallyConsistent)
                let state = self.state
                state.open.add(1, ordering: .sequentiallyConsistent)
                let thread = Thread {
                    do {
                        try handler(connection)
                    } catch {
                        state.failures.withLock { $0.append("\(error)") }
                    }
                    connection.close()
                    state.open.subtract(1, ordering: .sequentiallyConsistent)
                }
                thread.stackSize = 512 * 1024
                thread.start()
            }
        }
    }

    deinit {
        self.stop()
    }

    /// Connections taken so far.
    public var acceptedCount: Int { self.accepted.load(ordering: .sequentiallyConsistent) }

    /// Connections whose handler has not returned.
    public var openCount: Int { self.state.open.load(ordering: .sequentiallyConsistent) }

    /// What handlers have thrown.
    public var failures: [String] { self.state.failures.withLock { $0 } }

    /// Ends the server and all its connections.
    public func stop() {
        self.listener.interrupt()
        self.connections.withLock { connections in
            connections.forEach { $0.interrupt() }
            connections.removeAll()
        }
    }

    /// Gives back what it gets, and the end where it gets that.
    public static func echo() throws -> LoopbackServer {
        try LoopbackServer { connection in
            var block = [UInt8](repeating: 0, count: 65536)
            try block.withUnsafeMutableBytes { block in
                while let count = try connection.read(into: block), count > 0 {
                    try connection.write(UnsafeRawBufferPointer(rebasing: block[..<count]))
                }
            }
            connection.finishWriting()
        }
    }
}
