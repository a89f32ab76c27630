import CausewayCore
import CausewayIO
import Synchronization

/// How a loop, or whoever looks after the users, reaches every loop of the node.
final class LoopBoard: Sendable {
    private let workers = Mutex<[Worker]>([])

    func set(_ workers: [Worker]) {
        self.workers.withLock { $0 = workers }
    }

    /// Runs `body` on the thread of each loop, soon.
    func execute(_ body: @escaping @Sendable (Worker) -> Void) {
        for worker in self.workers.withLock({ $0 }) {
            worker.loop.execute { body(worker) }
        }
    }

    /// Ends the sessions of `account` everywhere, unless it may have some again by then.
    func cut(_ account: UserAccount) {
        self.execute { $0.cut(account) }
    }
}
