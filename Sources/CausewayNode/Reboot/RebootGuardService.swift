import CausewayAdmin
import CausewayBytes
public import CausewayConfig
import CausewayCore
public import CausewayIO
import Glibc
public import Logging

/// Does what a ``RebootGuard`` decides, on the thread that runs it.
public final class RebootGuardService {
    /// Seconds that a node has, after its deadline, to be gone.
    private static let grace = 60
    private static let tick: useconds_t = 100_000

    private let configuration: RebootGuardConfiguration
    private let boot: String
    private let logger: Logger
    private let lock: RebootLock
    private let memory: RebootMemory
    private var decisions: RebootGuard
    private var kept: RebootGuard.Memory?
    private var told: RebootGuard.Reason?

    /// - Parameter boot: what the system calls this boot, and no other one.
    /// - Throws: where what was kept before the reboot cannot be read: going on would be to forget a lock.
    public init(_ configuration: RebootGuardConfiguration, boot: String, logger: Logger) throws(SystemCallError) {
        self.configuration = configuration
        self.boot = boot
        self.logger = logger
        self.lock = RebootLock(kind: configuration.lock, owner: configuration.name)
        self.memory = try RebootMemory(directory: configuration.state)
        self.kept = try self.memory.read()
        self.decisions = RebootGuard(window: configuration.window, boot: boot, memory: self.kept, now: Self.now)
    }

    /// Looks again and again, until `isStopped`, which is asked several times a second.
    public func run(until isStopped: () -> Bool) {
        while true {
            self.look(isStopped)
            let next = HostSystem.now + self.configuration.every
            while HostSystem.now < next {
                if isStopped() { return }
                usleep(Self.tick)
            }
        }
    }

    /// Everything that can be done now.
    private func look(_ isStopped: () -> Bool) {
        var event = RebootGuard.Event.woke
        while !isStopped() {
            let step = self.decisions.handle(event, now: Self.now)
            if case .rest(let reason) = step { self.tell(reason) }
            guard self.keep() else { return }
            guard let next = self.take(step, isStopped) else { return }
            event = next
        }
    }

    /// Makes the memory last before the step that it is for.
    private func keep() -> Bool {
        guard self.decisions.memory != self.kept else { return true }
        do throws(SystemCallError) {
            try self.memory.write(self.decisions.memory)
            self.kept = self.decisions.memory
            return true
        } catch {
            self.logger.error("the state cannot be written", metadata: ["reason": "\(error.reason)"])
            // Nothing was done yet that would have to be known.
            self.decisions = RebootGuard(
                window: self.configuration.window,
                boot: self.boot,
                memory: self.kept,
                now: Self.now
            )
            return false
        }
    }

    /// What came of `step`; `nil` where there is nothing to do.
    private func take(_ step: RebootGuard.Step, _ isStopped: () -> Bool) -> RebootGuard.Event? {
        switch step {
        case .rest: return nil
        case .askWhetherWanted:
            switch self.configuration.wanted {
            case .file(let path): return .wanted(SmallFile.exists(path))
            case .command(let command): return .wanted(self.failure(of: command, isStopped) == nil)
            }
        case .checkHealth:
            return .health(self.configuration.health.flatMap { self.failure(of: $0, isStopped) })
        case .takeLock:
            let answer = self.lock.take()
            if answer == .mine { self.logger.notice("has the lock", metadata: ["name": "\(self.configuration.name)"]) }
            return .lock(answer)
        case .drain:
            self.logger.notice("draining", metadata: ["deadline": "\(self.configuration.drain.deadline)"])
            let failure = self.drain(isStopped)
            return isStopped() ? nil : .drained(failure)
        case .reboot:
            self.logger.notice("rebooting")
            return .rebooted(self.failure(of: self.configuration.reboot, isStopped))
        case .resume:
            if let failure = self.configuration.resume.flatMap({ self.failure(of: $0, isStopped) }) {
                self.logger.error("nodes are not resumed", metadata: ["reason": "\(failure)"])
            }
            return .resumed
        case .releaseLock: return .released(self.lock.release())
        }
    }

    /// Why the command does not end with 0; `nil` where it does.
    private func failure(of command: RebootGuardConfiguration.Command, _ isStopped: () -> Bool) -> String? {
        let outcome = HostCommand.run(command.words, timeout: command.timeout, isStopped: isStopped)
        return outcome == .exited(0) ? nil : "\(command): \(outcome)"
    }

    /// Makes the nodes drain, and waits until they have ended. What went wrong, or `nil`.
    private func drain(_ isStopped: () -> Bool) -> String? {
        let deadline = self.configuration.drain.deadline
        let seconds = Int((deadline.nanoseconds + 999_999_999) / 1_000_000_000)
        for path in self.configuration.drain.sockets {
            do throws(AdminError) {
                _ = try AdminClient(.socket(path: path)).send(
                    "POST",
                    "/v1/drain?deadline=\(seconds)",
                    Bool?.none,
                    as: DrainReport.self
                )
            } catch {
                // Who does not run has nothing to drain.
                guard case .notRunning = error else { return error.description }
            }
        }
        let end = HostSystem.now + deadline + .seconds(Self.grace)
        for path in self.configuration.drain.sockets {
            while self.isRunning(path) {
                if isStopped() { return nil }
                if HostSystem.now >= end { return "the node at \(path) runs still" }
                usleep(Self.tick)
            }
        }
        return nil
    }

    private func isRunning(_ path: String) -> Bool {
        do throws(AdminError) {
            _ = try AdminClient(.socket(path: path)).status()
            return true
        } catch {
            if case .notRunning = error { return false }
            return true
        }
    }

    /// Says why nothing is done, when that is another reason than before.
    private func tell(_ reason: RebootGuard.Reason) {
        guard reason != self.told else { return }
        self.told = reason
        let level: Logger.Level =
            switch reason {
            case .notWanted, .retryLater: .debug
            case .outsideWindow, .lockTaken, .rebooting, .recovered: .notice
            case .unhealthy, .recovering: .warning
            case .lockFailed, .drainFailed, .rebootFailed, .releaseFailed: .error
            }
        self.logger.log(level: level, "\(reason)")
    }

    private static var now: Int64 { Int64(time(nil)) }
}
