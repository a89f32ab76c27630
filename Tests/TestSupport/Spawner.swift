import Foundation
import Synchronization

/// The one thread that starts children. They ask the kernel to kill them when their parent dies, and for the kernel the
/// parent is the thread: so it must be one that lives as long as the test process.
final class Spawner: Sendable {
    static let shared = Spawner()

    private let jobs = Mutex<[@Sendable () -> Void]>([])
    private let pending = DispatchSemaphore(value: 0)

    private init() {
        Thread.detachNewThread {
            while true {
                self.pending.wait()
                let job = self.jobs.withLock { $0.removeFirst() }
                job()
            }
        }
    }

    /// Starts `arguments[0]` in a process group of its own.
    func spawn(_ arguments: [String], environment: [String: String], input: String, output: String, error: String)
        throws -> pid_t
    {
        let result = Mutex<(pid: pid_t, code: CInt)>((0, 0))
        let done = DispatchSemaphore(value: 0)
        self.jobs.withLock { jobs in
            jobs.append {
                let started = Self.start(arguments, environment, input, output, error)
                result.withLock { $0 = started }
                done.signal()
            }
        }
        self.pending.signal()
        done.wait()
        let (pid, code) = result.withLock { $0 }
        guard code == 0 else { throw TestFailure("\(arguments) did not start: \(String(cString: strerror(code)))") }
        return pid
    }

    private static func start(
        _ arguments: [String],
        _ environment: [String: String],
        _ input: String,
        _ output: String,
        _ error: String
    ) -> (pid_t, CInt) {
        var actions = posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawnattr_init(&attributes)
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
        }
        posix_spawn_file_actions_addopen(&actions, 0, input, O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
        posix_spawn_file_actions_addopen(&actions, 2, error, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
        posix_spawnattr_setpgroup(&attributes, 0)
        // Threads of a test block signals that a program started by an operator gets.
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK))
        // setpriv asks for the signal and then becomes the program: the pid stays the same.
        let words = ["setpriv", "--pdeathsig", "KILL", "--"] + arguments
        let argv = words.map { strdup($0) } + [nil]
        let envp = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { (argv + envp).forEach { free($0) } }
        var pid: pid_t = 0
        let code = posix_spawnp(&pid, "setpriv", &actions, &attributes, argv, envp)
        return (pid, code)
    }
}
