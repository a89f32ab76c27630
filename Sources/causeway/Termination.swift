import Glibc

/// The signals that end a node in good order.
enum Termination {
    private static let signals = [SIGTERM, SIGINT]

    /// Keeps the signals waiting for `wait`, in this thread and in those that it starts.
    static func hold() {
        var set = self.set()
        pthread_sigmask(SIG_BLOCK, &set, nil)
    }

    /// The name of the signal that came, or that comes now.
    static func wait() -> String {
        var set = self.set()
        var signal: CInt = 0
        // Only a set without valid signals makes it fail.
        while sigwait(&set, &signal) != 0 {}
        return signal == SIGINT ? "SIGINT" : "SIGTERM"
    }

    /// Lets the next signal end the process at once, for the impatient.
    static func release() {
        var set = self.set()
        pthread_sigmask(SIG_UNBLOCK, &set, nil)
    }

    private static func set() -> sigset_t {
        var set = sigset_t()
        sigemptyset(&set)
        for signal in self.signals { sigaddset(&set, signal) }
        return set
    }
}
