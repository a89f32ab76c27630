import Foundation
import Synchronization
import TestSupport

/// A port in front of another whose first connection is reset as soon as something comes in on it.
final class FlakyFront: Sendable {
    let port: UInt16
    private let server: LoopbackServer

    init(to next: UInt16) throws {
        let first = First()
        self.server = try LoopbackServer { connection in
            let breaks = first.take()
            guard case .bytes(let bytes) = connection.read() else { return }
            if breaks { return connection.reset() }
            let onward = try LoopbackSocket(connectingTo: next)
            try onward.write(bytes)
            Thread.detachNewThread {
                while case .bytes(let bytes) = connection.read() {
                    guard (try? onward.write(bytes)) != nil else { return }
                }
                onward.finishWriting()
            }
            while case .bytes(let bytes) = onward.read() { try connection.write(bytes) }
        }
        self.port = self.server.port
    }

    /// Whether the first connection is still to come.
    private final class First: Sendable {
        private let isToCome = Atomic<Bool>(true)

        func take() -> Bool { self.isToCome.exchange(false, ordering: .relaxed) }
    }
}
