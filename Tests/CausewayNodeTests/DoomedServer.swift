import Synchronization
import TestSupport

/// A server that stops for good, its port closed, when the first bytes come in.
final class DoomedServer: Sendable {
    private let server = Mutex<LoopbackServer?>(nil)
    private let number = Atomic<Int>(0)

    var port: UInt16 { UInt16(self.number.load(ordering: .acquiring)) }

    func start() throws {
        let server = try LoopbackServer { [weak self] connection in
            _ = connection.read()
            self?.stop()
        }
        self.number.store(Int(server.port), ordering: .releasing)
        self.server.withLock { $0 = server }
    }

    private func stop() {
        let server = self.server.withLock { server in
            defer { server = nil }
            return server
        }
        server?.stop()
    }
}
