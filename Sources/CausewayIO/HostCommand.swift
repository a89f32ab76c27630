public import CausewayBytes
import Glibc

/// Runs a program of the host to its end. Blocking: for what is not a loop.
public enum HostCommand {
    public enum Outcome: Equatable, Sendable, CustomStringConvertible {
        case exited(Int32)
        case signalled(Int32)
        case timedOut
        /// Whoever waits does not want to any more; the program was ended.
        case stopped
        case notStarted(reason: String)

        public var description: String {
            switch self {
            case .exited(let status): "status \(status)"
            case .signalled(let signal): "ended by signal \(signal)"
            case .timedOut: "took too long"
            case .stopped: "stopped"
            case .notStarted(let reason): "did not start: \(reason)"
            }
        }
    }

    private static let tick: useconds_t = 20_000

    /// Runs `words[0]`, found in PATH, without input, in a process group that is killed when it takes longer than
    /// `timeout` or `isStopped` says so. What it prints goes to standard error.
    public static func run(_ words: [String], timeout: Interval, isStopped: () -> Bool = { false }) -> Outcome {
        guard let program = words.first else { return .notStarted(reason: "no program") }
        var actions = posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawnattr_init(&attributes)
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
        }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO)
        // The signals that this process blocks or ignores are the program's own business.
        var none = sigset_t()
        var ignored = sigset_t()
        sigemptyset(&none)
        sigemptyset(&ignored)
        sigaddset(&ignored, SIGPIPE)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &ignored)
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(
            &attributes,
            Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF)
        )
        let arguments = words.map { strdup($0) } + [nil]
        defer { arguments.forEach { free($0) } }
        var pid: pid_t = 0
        let code = posix_spawnp(&pid, program, &actions, &attributes, arguments, environ)
        guard code == 0 else { return .notStarted(reason: SystemCallError(code: code, call: "posix_spawnp").reason) }
        let end = HostSystem.now + timeout
        while true {
            if let outcome = self.outcome(of: pid, WNOHANG) { return outcome }
            let isLate = HostSystem.now >= end
            if isLate || isStopped() {
                kill(-pid, SIGKILL)
                _ = self.outcome(of: pid, 0)
                return isLate ? .timedOut : .stopped
            }
            usleep(self.tick)
        }
    }

    private static func outcome(of pid: pid_t, _ options: Int32) -> Outcome? {
        var status: Int32 = 0
        while true {
            let result = waitpid(pid, &status, options)
            if result == pid { break }
            if result == 0 { return nil }
            if errno != EINTR { return .notStarted(reason: SystemCallError(code: errno, call: "waitpid").reason) }
        }
        return status & 0x7f == 0 ? .exited((status >> 8) & 0xff) : .signalled(status & 0x7f)
    }
}
