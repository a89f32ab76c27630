import Foundation
import Synchronization

/// Work on a second thread while the test goes on.
public enum Background {
    /// Runs `work` on a thread of its own and `body` on this one, waits for both, and throws what either threw.
    public static func run(_ work: @escaping @Sendable () throws -> Void, while body: () throws -> Void) throws {
        let failure = Failure()
        let done = DispatchSemaphore(value: 0)
        Thread.detachNewThread {
            do {
                try work()
            } catch {
                failure.error.withLock { $0 = error }
            }
            done.signal()
        }
        let result = Result { try body() }
        done.wait()
        try result.get()
        if let error = failure.error.withLock({ $0 }) { throw error }
    }

    private final class Failure: Sendable {
        let error = Mutex<(any Error)?>(nil)
    }
}
