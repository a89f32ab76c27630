import Dispatch

/// Calls somebody every few seconds, on a queue of its own.
///
/// `@unchecked Sendable`: the timer is touched on the queue alone.
final class Ticker: @unchecked Sendable {
    private let queue = DispatchQueue(label: "causeway.users")
    private var timer: (any DispatchSourceTimer)?

    /// Begins; each call has ended before the next one.
    func start(every seconds: Int, _ body: @escaping @Sendable () -> Void) {
        self.queue.sync {
            let timer = DispatchSource.makeTimerSource(queue: self.queue)
            timer.schedule(
                deadline: .now() + .seconds(seconds),
                repeating: .seconds(seconds),
                leeway: .milliseconds(50)
            )
            timer.setEventHandler(handler: body)
            timer.resume()
            self.timer = timer
        }
    }

    /// Ends. A call that is going on has ended when this returns.
    func stop() {
        self.queue.sync {
            self.timer?.cancel()
            self.timer = nil
        }
    }
}
