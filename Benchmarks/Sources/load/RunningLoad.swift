import Glibc
import LoadEngine

/// The targets and the clients, each at work on a thread of its own.
struct RunningLoad {
    let targets: Targets
    let clients: Clients
    private let threads: [LoopThread]

    /// Starts the load.
    ///
    /// - Parameter choose: Which of the targets the work goes to.
    init(
        _ work: Clients.Work,
        proxy: Endpoint?,
        verify: Bool = false,
        to choose: (Targets) -> [Endpoint]
    ) throws(SystemCallError) {
        let payload = Payload()
        let targets = try Targets(payload: payload, verify: verify)
        let clients = try Clients(work, targets: choose(targets), proxy: proxy, payload: payload, verify: verify)
        self.targets = targets
        self.clients = clients
        self.threads = [
            try LoopThread(name: "targets") { orExit { () throws(SystemCallError) in try targets.run() } },
            try LoopThread(name: "clients") { orExit { () throws(SystemCallError) in try clients.run() } },
        ]
    }

    /// Sleeps so long, or until the condition holds, or until the clients have given up.
    func wait(seconds: Double, until condition: () -> Bool = { false }) {
        let deadline = Moment.now() + Int64(seconds * 1e9)
        while Moment.now() < deadline, !condition(), !self.clients.isHopeless { usleep(1000) }
    }

    /// Ends both threads.
    func stop() {
        self.clients.stop()
        self.targets.stop()
        for thread in self.threads { thread.join() }
    }
}

/// The monotonic clock, in nanoseconds.
enum Moment {
    static func now() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}

/// A loop that fails takes the generator with it: half a load would only give wrong figures.
func orExit(_ loop: () throws(SystemCallError) -> Void) {
    do throws(SystemCallError) {
        try loop()
    } catch {
        let text = "load: \(error)\n"
        _ = write(STDERR_FILENO, text, text.utf8.count)
        exit(1)
    }
}
