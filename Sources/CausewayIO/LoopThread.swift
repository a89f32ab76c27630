import CLinux
import Glibc

/// The thread that a loop runs on.
public final class LoopThread {
    private let thread: pthread_t

    private final class Start {
        let loop: EventLoop
        let failed: (SystemCallError) -> Void

        init(loop: EventLoop, failed: @escaping (SystemCallError) -> Void) {
            self.loop = loop
            self.failed = failed
        }
    }

    /// Starts `loop` on a thread of its own; `failed` is called there should epoll itself fail.
    ///
    /// - Throws: what the kernel says when it has no memory for a thread.
    public init(_ loop: EventLoop, failed: @escaping @Sendable (SystemCallError) -> Void) throws(SystemCallError) {
        let start = Unmanaged.passRetained(Start(loop: loop, failed: failed))
        var thread = pthread_t()
        let status = pthread_create(&thread, nil, loopThreadMain, start.toOpaque())
        guard status == 0 else {
            start.release()
            throw SystemCallError(code: status, call: "pthread_create")
        }
        self.thread = thread
    }

    /// Waits until the loop has stopped.
    public func join() {
        pthread_join(self.thread, nil)
    }

    fileprivate static func run(_ context: UnsafeMutableRawPointer?) {
        guard let context else { return }
        let start = Unmanaged<Start>.fromOpaque(context).takeRetainedValue()
        // Signals are the main thread's, but for those that an instruction of this one raises: blocked, they would end the
        // process and no handler would be asked.
        var signals = sigset_t()
        sigfillset(&signals)
        for signal in [SIGBUS, SIGSEGV, SIGFPE, SIGILL, SIGTRAP] { sigdelset(&signals, signal) }
        pthread_sigmask(SIG_SETMASK, &signals, nil)
        CLinux_name_thread("loop")
        do throws(SystemCallError) {
            try start.loop.run()
        } catch {
            start.failed(error)
        }
    }
}

private func loopThreadMain(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    LoopThread.run(context)
    return nil
}
