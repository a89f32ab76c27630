import CLoad
import Glibc

/// A named thread that runs one loop to its end.
public final class LoopThread: Sendable {
    private final class Body: Sendable {
        let name: String
        let run: @Sendable () -> Void

        init(name: String, run: @escaping @Sendable () -> Void) {
            self.name = name
            self.run = run
        }
    }

    private let thread: pthread_t

    /// Starts the thread.
    ///
    /// - Parameter name: At most 15 bytes, as `ps -L` shows it.
    public init(name: String, _ run: @escaping @Sendable () -> Void) throws(SystemCallError) {
        var thread = pthread_t()
        let body = Unmanaged.passRetained(Body(name: name, run: run))
        let code = pthread_create(
            &thread,
            nil,
            { argument in
                guard let argument else { return nil }
                let body = Unmanaged<Body>.fromOpaque(argument).takeRetainedValue()
                CLoad_name_thread(body.name)
                body.run()
                return nil
            },
            body.toOpaque()
        )
        guard code == 0 else {
            body.release()
            throw SystemCallError(code: code, call: "pthread_create")
        }
        self.thread = thread
    }

    /// Waits until the loop has ended.
    public func join() { pthread_join(self.thread, nil) }
}
