import Foundation
import Synchronization

/// How a process ended.
public enum ExitStatus: Equatable, Sendable {
    case exited(CInt)
    case signalled(CInt)

    init(waitStatus status: CInt) {
        self = status & 0x7f == 0 ? .exited((status >> 8) & 0xff) : .signalled(status & 0x7f)
    }
}

/// A process that a test started. It is stopped, with its whole group, when the test lets go of it.
public final class ChildProcess: Sendable {
    public let pid: Int32
    /// The program and its arguments.
    public let arguments: [String]
    private let files: TemporaryDirectory
    private let status = Mutex<ExitStatus?>(nil)

    /// Starts `arguments[0]`, found in PATH, with its output kept in files.
    ///
    /// - Parameters:
    ///   - input: a file to read as standard input.
    ///   - environment: variables added to those of the test.
    public init(_ arguments: [String], input: String = "/dev/null", environment: [String: String] = [:]) throws {
        self.files = try TemporaryDirectory()
        self.arguments = arguments
        self.pid = try Spawner.shared.spawn(
            arguments,
            environment: ProcessInfo.processInfo.environment.merging(environment) { $1 },
            input: input,
            output: self.files.file("output"),
            error: self.files.file("error")
        )
    }

    deinit {
        self.kill()
    }

    /// What it has written to standard output so far.
    public var output: [UInt8] { Self.contents(self.files.file("output")) }

    /// What it has written to standard error so far.
    public var errorText: String { String(decoding: Self.contents(self.files.file("error")), as: UTF8.self) }

    /// How it ended; `nil` while it runs.
    public var exitStatus: ExitStatus? {
        self.status.withLock { status in
            if let status { return status }
            var raw: CInt = 0
            guard waitpid(self.pid, &raw, WNOHANG) == self.pid else { return nil }
            status = ExitStatus(waitStatus: raw)
            return status
        }
    }

    /// Waits for its end; throws when it is still running after `seconds`.
    public func waitForExit(within seconds: Double = 60) throws -> ExitStatus {
        var ended: ExitStatus?
        _ = Deadline.wait(seconds) {
            ended = self.exitStatus
            return ended != nil
        }
        guard let ended else {
            throw TestFailure("\(self.arguments.joined(separator: " ")) still runs after \(seconds) s")
        }
        return ended
    }

    /// Asks it to end with SIGTERM and returns how it did; kills it when it does not within `seconds`.
    @discardableResult
    public func stop(within seconds: Double = 20) -> ExitStatus? {
        if self.exitStatus == nil { Glibc.kill(self.pid, SIGTERM) }
        // A node with sessions waits for them, unless it is told twice.
        _ = Deadline.wait(0.5) { self.exitStatus != nil }
        if self.exitStatus == nil { Glibc.kill(self.pid, SIGTERM) }
        let ended = try? self.waitForExit(within: seconds)
        self.kill()
        return ended
    }

    /// Ends it at once, with all that it has started, as `kill -9` does.
    public func kill() {
        // The group outlives its leader when the leader left children behind (sshd, a CGI server).
        Glibc.kill(-self.pid, SIGKILL)
        _ = try? self.waitForExit(within: 5)
    }

    /// All of a file. Not by `FileManager`, which leaks its buffer when the file is empty (Swift 6.3).
    private static func contents(_ path: String) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return [] }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            guard count > 0 else { return bytes }
            bytes += buffer[..<count]
        }
    }
}
