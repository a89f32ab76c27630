import Glibc

/// The signals that a node is told by what to do.
enum Signals {
    /// What a signal asks for.
    enum Wish: Equatable {
        case end(String)
        case reload
    }

    private static let ending = [SIGTERM, SIGINT]
    private static let all = Signals.ending + [SIGHUP]

    /// Keeps the signals waiting for `wait`, in this thread and in those that it starts.
    static func hold() {
        var set = self.set(of: self.all)
        pthread_sigmask(SIG_BLOCK, &set, nil)
    }

    /// What the signal asks for that came, or that comes now.
    static func wait() -> Wish {
        var set = self.set(of: self.all)
        var signal: CInt = 0
        // Only a set without valid signals makes it fail.
        while sigwait(&set, &signal) != 0 {}
        switch signal {
        case SIGHUP: return .reload
        case SIGINT: return .end("SIGINT")
        default: return .end("SIGTERM")
        }
    }

    /// Lets the next signal to end the process do so at once, for the impatient.
    static func release() {
        var set = self.set(of: self.ending)
        pthread_sigmask(SIG_UNBLOCK, &set, nil)
    }

    private static func set(of signals: [CInt]) -> sigset_t {
        var set = sigset_t()
        sigemptyset(&set)
        for signal in signals { sigaddset(&set, signal) }
        return set
    }
}
