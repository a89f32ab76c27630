#if DEBUG
    import Dispatch
    import Foundation
    import Glibc
    import Synchronization

    /// For tests of the watchdog, and in no other build than theirs.
    extension Node {
        /// Makes one loop stand still as long as there is a file at `path`; while it does, there is one at
        /// `path.stands`.
        public func stall(whileThereIs path: String) {
            let loops = self.shared.loops
            let isThere: @Sendable () -> Bool = { access(path, F_OK) == 0 }
            Thread.detachNewThread {
                while true {
                    usleep(10_000)
                    guard isThere() else { continue }
                    let isOver = DispatchSemaphore(value: 0)
                    let stands = Flag()
                    let count = loops.execute { _ in
                        // The first that comes by is the one.
                        if !stands.isTaken.exchange(true, ordering: .relaxed) {
                            close(open("\(path).stands", O_WRONLY | O_CREAT | O_CLOEXEC, 0o600))
                            while isThere() { usleep(10_000) }
                            unlink("\(path).stands")
                        }
                        isOver.signal()
                    }
                    for _ in 0..<count { isOver.wait() }
                }
            }
        }
    }

    private final class Flag: Sendable {
        let isTaken = Atomic(false)
    }
#endif
