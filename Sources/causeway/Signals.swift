import Glibc

/// The signals that a node is told by what to do.
enum Signals {
    /// What a signal asks for.
    enum Wish: Equatable {
        case end(String)
        case reload
        case upgrade
    }

    private static let all = [SIGTERM, SIGINT, SIGHUP, SIGUSR2]

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
        return self.wish(signal)
    }

    /// What the signal asks for that waits; `nil` where none does.
    static func pending() -> Wish? {
        var set = sigset_t()
        sigpending(&set)
        return self.all.contains { sigismember(&set, $0) == 1 } ? self.wait() : nil
    }

    private static func wish(_ signal: CInt) -> Wish {
        switch signal {
        case SIGHUP: .reload
        case SIGUSR2: .upgrade
        case SIGINT: .end("SIGINT")
        default: .end("SIGTERM")
        }
    }

    /// Lets the next SIGINT end the process at once, for the impatient at a terminal.
    static func release() {
        var set = self.set(of: [SIGINT])
        pthread_sigmask(SIG_UNBLOCK, &set, nil)
    }

    private static func set(of signals: [CInt]) -> sigset_t {
        var set = sigset_t()
        sigemptyset(&set)
        for signal in signals { sigaddset(&set, signal) }
        return set
    }
}
