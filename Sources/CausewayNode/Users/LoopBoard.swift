import CausewayCore
import CausewayIO
import Synchronization

/// How a loop, or whoever looks after the users, reaches every loop of the node.
final class LoopBoard: Sendable {
    private let workers = Mutex<[Worker]>([])
    /// Whether the loops have been told to divide rates anew.
    let isCongestionChanging = Atomic<Bool>(false)

    func set(_ workers: [Worker]) {
        self.workers.withLock { $0 = workers }
    }

    /// Runs `body` on the thread of each loop, soon.
    ///
    /// - Returns: how many loops there are.
    @discardableResult
    func execute(_ body: @escaping @Sendable (Worker) -> Void) -> Int {
        let workers = self.workers.withLock { $0 }
        for worker in workers {
            worker.loop.execute { body(worker) }
        }
        return workers.count
    }

    /// Runs `body` on the thread of the loop of this number, soon.
    func execute(on number: Int, _ body: @escaping @Sendable (Worker) -> Void) {
        let worker = self.workers.withLock { $0.indices.contains(number) ? $0[number] : nil }
        worker?.loop.execute { [worker] in if let worker { body(worker) } }
    }

    /// Ends the sessions of `account` everywhere, unless it may have some again by then.
    func cut(_ account: UserAccount) {
        self.execute { $0.cut(account) }
    }
}
