import Synchronization

/// What a server of a test was sent, over all of its connections.
final class Received: Sendable {
    private let storage = Mutex<[UInt8]>([])

    var bytes: [UInt8] { self.storage.withLock { $0 } }

    var count: Int { self.storage.withLock { $0.count } }

    func append(_ bytes: [UInt8]) {
        self.storage.withLock { $0 += bytes }
    }
}
