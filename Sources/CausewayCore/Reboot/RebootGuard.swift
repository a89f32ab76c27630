/// Decides when a machine of a fleet reboots: one at a time, within its window, and only in good health.
///
/// Asks for one thing after the other, is told what came of it, and does nothing by itself. The lock is held from before
/// the node drains until the machine is healthy after its reboot, which ends the process: what has to be known then is
/// in `memory`, to be kept on the disk before each step is taken.
public struct RebootGuard: Sendable {
    /// What is known of a reboot on its way.
    public struct Memory: Equatable, Sendable {
        public enum State: String, Sendable {
            /// The lock is asked for, or held.
            case holding
            /// The machine is told to reboot.
            case rebooting
        }

        public var state: State
        /// Which boot of the machine that was in.
        public var boot: String

        public init(state: State, boot: String) {
            (self.state, self.boot) = (state, boot)
        }
    }

    /// What happened.
    public enum Event: Equatable, Sendable {
        /// It is time to look again.
        case woke
        case wanted(Bool)
        /// With what is wrong; `nil` where nothing is.
        case health(String?)
        case lock(LockAnswer)
        /// No session is left, or with why they are not known to be gone.
        case drained(String?)
        /// The command has ended, or with why it has failed.
        case rebooted(String?)
        case resumed
        /// The lock is somebody else's now, or with why that is not known.
        case released(String?)
    }

    public enum LockAnswer: Equatable, Sendable {
        case mine
        /// With the other's name.
        case others(String)
        case failed(String)
    }

    /// What is to be done, and told in an event.
    public enum Step: Equatable, Sendable {
        case askWhetherWanted, checkHealth, takeLock, drain, reboot, resume, releaseLock
        /// Nothing, until the next look.
        case rest(Reason)
    }

    /// Why nothing is done.
    public enum Reason: Equatable, Sendable {
        case notWanted, outsideWindow
        case unhealthy(String)
        case lockTaken(String)
        case lockFailed(String)
        case drainFailed(String)
        case rebooting
        case rebootFailed(String)
        /// The last try has failed, and it is too early for another.
        case retryLater
        case recovering(String)
        case recovered
        case releaseFailed(String)
    }

    private enum Phase: Equatable {
        case watching
        /// Asked for the lock; whatever comes, it has to be let go of.
        case taking
        case draining
        case commanded
        /// Told to reboot at a time, in seconds since 1970.
        case awaitingEnd(since: Int64)
        case resuming(Reason)
        case releasing(Reason)
        /// Up again, with the lock.
        case recovering
    }

    /// Seconds that a machine which was told to reboot may stay up.
    public static let patience: Int64 = 900
    /// Seconds from a try that failed to the next one, for each of them drains the node.
    public static let retry: Int64 = 3600

    private let window: MaintenanceWindow?
    private let boot: String
    private var phase: Phase
    private var notBefore: Int64 = .min
    /// What is to be kept on the disk before the next step; `nil` where nothing is.
    public private(set) var memory: Memory?

    /// - Parameters:
    ///   - window: when the machine may be taken away; `nil` for always.
    ///   - boot: what the system calls this boot, and no other one.
    ///   - memory: what was kept on the disk.
    public init(window: MaintenanceWindow?, boot: String, memory: Memory?, now: Int64) {
        self.window = window
        self.boot = boot
        self.memory = memory
        switch memory {
        case nil: self.phase = .watching
        case .some(let memory) where memory.boot != boot: self.phase = .recovering
        case .some(let memory) where memory.state == .rebooting: self.phase = .awaitingEnd(since: now)
        // The guard was ended in between: whether the lock is held, only the lock knows.
        case .some: self.phase = .taking
        }
    }

    /// What to do after `event`, which came at `now`, in seconds since 1970. An event that nobody has asked for changes
    /// nothing.
    public mutating func handle(_ event: Event, now: Int64) -> Step {
        switch (self.phase, event) {
        case (.watching, .woke): return now < self.notBefore ? .rest(.retryLater) : .askWhetherWanted
        case (.watching, .wanted(false)): return .rest(.notWanted)
        case (.watching, .wanted(true)): return self.isOpen(now) ? .checkHealth : .rest(.outsideWindow)
        case (.watching, .health(.some(let failure))): return .rest(.unhealthy(failure))
        case (.watching, .health(nil)):
            // Kept before it is asked for: who is ended in between would hold a lock and not know.
            self.memory = Memory(state: .holding, boot: self.boot)
            self.phase = .taking
            return .takeLock

        case (.taking, .woke): return .takeLock
        case (.taking, .lock(.mine)):
            guard self.isOpen(now) else { return self.release(.outsideWindow) }
            self.phase = .draining
            return .drain
        case (.taking, .lock(.others(let name))): return self.forget(.lockTaken(name))
        case (.taking, .lock(.failed(let reason))): return self.release(.lockFailed(reason))

        case (.draining, .drained(nil)):
            self.memory = Memory(state: .rebooting, boot: self.boot)
            self.phase = .commanded
            return .reboot
        case (.draining, .drained(.some(let reason))): return self.fail(.drainFailed(reason), now)
        case (.commanded, .rebooted(nil)):
            self.phase = .awaitingEnd(since: now)
            return .rest(.rebooting)
        case (.commanded, .rebooted(.some(let reason))): return self.fail(.rebootFailed(reason), now)
        case (.awaitingEnd(let since), .woke):
            guard now - since >= Self.patience else { return .rest(.rebooting) }
            return self.fail(.rebootFailed("the machine is up still"), now)

        case (.resuming(let reason), .resumed): return self.release(reason)
        case (.releasing, .woke): return .releaseLock
        case (.releasing(let reason), .released(nil)): return self.forget(reason)
        case (.releasing, .released(.some(let failure))): return .rest(.releaseFailed(failure))

        case (.recovering, .woke): return .checkHealth
        case (.recovering, .health(.some(let failure))): return .rest(.recovering(failure))
        case (.recovering, .health(nil)): return self.release(.recovered)

        default: return .rest(.retryLater)
        }
    }

    private func isOpen(_ now: Int64) -> Bool { self.window?.contains(now) ?? true }

    private mutating func fail(_ reason: Reason, _ now: Int64) -> Step {
        self.notBefore = now + Self.retry
        self.phase = .resuming(reason)
        return .resume
    }

    private mutating func release(_ reason: Reason) -> Step {
        self.phase = .releasing(reason)
        return .releaseLock
    }

    private mutating func forget(_ reason: Reason) -> Step {
        self.memory = nil
        self.phase = .watching
        return .rest(reason)
    }
}

extension RebootGuard.Reason: CustomStringConvertible {
    public var description: String {
        switch self {
        case .notWanted: "no reboot is wanted"
        case .outsideWindow: "a reboot is wanted, outside the window"
        case .unhealthy(let failure): "a reboot is wanted, and the health command fails: \(failure)"
        case .lockTaken(let name): "a reboot is wanted, and the lock is held by \(name)"
        case .lockFailed(let reason): "a reboot is wanted, and the lock cannot be had: \(reason)"
        case .drainFailed(let reason): "not rebooted, for the node cannot be drained: \(reason)"
        case .rebooting: "the machine was told to reboot"
        case .rebootFailed(let reason): "the reboot has failed: \(reason)"
        case .retryLater: "waiting for the next try"
        case .recovering(let failure): "rebooted, and the health command fails still: \(failure)"
        case .recovered: "rebooted and healthy, the lock is released"
        case .releaseFailed(let reason): "the lock cannot be released: \(reason)"
        }
    }
}
