import ArgumentParser
import CausewayBytes
import CausewayConfig
import CausewayIO
import CausewayNode
import Glibc
import Logging

/// `causeway run`: runs a node until it is told to stop.
struct Run: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run a node until SIGTERM or SIGINT.",
        discussion: """
            Logs to standard error. SIGHUP makes it read its configuration again, SIGUSR2 hand over to a new process of \
            the program as it is on the disk now. After SIGTERM it takes no more connections, and ends when its sessions \
            have, or after the time that the configuration has under drain; a second SIGTERM, or SIGINT, ends it at once.
            """
    )

    /// Microseconds between two looks at a node that drains, and looks between two words to the service manager.
    private static let (drainTick, drainTicksPerWord) = (useconds_t(50_000), 20)

    @OptionGroup var file: ConfigurationFile

    func run() throws {
        // Before there is a thread, so that none of them takes the signals.
        Signals.hold()
        let program = Self.program()
        let inheritance = try self.inheritance()
        let configuration: Configuration
        do {
            configuration = try self.file.load()
        } catch {
            inheritance?.refuse("its configuration cannot be run")
            throw error
        }
        let level = LogLevel(configuration.log.level)
        let logger = NodeLog.logger(level)
        let path = self.file.path
        let source = ConfigurationSource { () throws(ConfigurationError) in
            try Configuration.load(path: path)
        } applied: { configuration in
            level.present = configuration.log.level
        }
        let manager = ServiceManager()
        let owner = NodeOwner(
            end: { kill(getpid(), SIGTERM) },
            successor: program,
            handedOver: { manager?.handedOver(to: $0) },
            log: NodeOwner.LogControl(level: { level.present }, set: { level.present = $0 })
        )
        let node = try self.attempt(ExitStatus.systemError, logger) {
            try Node(
                configuration: configuration,
                version: Version.text,
                source: source,
                owner: owner,
                inheritance: inheritance,
                logger: logger
            )
        }
        try self.attempt(ExitStatus.unavailable, logger) { try node.start() }
        manager?.ready(node)
        #if DEBUG
            // For a test of the watchdog; no other build than a test's knows the variable.
            if let path = getenv("CAUSEWAY_STALL_WHILE_THERE_IS") { node.stall(whileThereIs: String(cString: path)) }
        #endif
        self.serve(node, manager, logger)
    }

    /// Does what signals ask for, until one asks for the end.
    private func serve(_ node: Node, _ manager: ServiceManager?, _ logger: Logger) {
        while true {
            switch Signals.wait() {
            case .reload:
                manager?.reloading()
                defer { manager?.reloaded(node) }
                do {
                    try node.reload()
                } catch {
                    logger.error("not reloaded, and nothing is different", metadata: ["reason": "\(error)"])
                }
            case .upgrade:
                // Whatever becomes of it has been logged.
                _ = try? node.handOver()
            case .end(let signal):
                // Whoever has handed over is nobody to the service manager.
                let manager = node.isSucceeded ? nil : manager
                if !node.isSucceeded { logger.notice("stopping", metadata: ["signal": "\(signal)"]) }
                if signal == "SIGTERM" { self.drain(node, manager) }
                Signals.release()
                manager?.stopping()
                return node.stop()
            }
        }
    }

    /// Waits until the node's sessions have ended, the time for it is over or another signal to end comes.
    private func drain(_ node: Node, _ manager: ServiceManager?) {
        // Where the admin has asked for it, it drains already, and by the admin's deadline.
        if node.drainDeadline == nil { node.drain() }
        var isToEnd = !node.isSucceeded
        var ticks = 0
        while !node.isDrained && !node.isOrphaned {
            if ticks % Self.drainTicksPerWord == 0 { manager?.draining(node, isFirst: ticks == 0) }
            ticks += 1
            if case .end(let signal) = Signals.pending() {
                if isToEnd || signal != "SIGTERM" { return }
                // A process that has handed over has had no signal to end yet: its sessions have the usual time.
                isToEnd = true
                node.hasten()
            }
            usleep(Self.drainTick)
        }
    }

    /// What is started when the node is to hand over: this program with these arguments, as it is on the disk then.
    private static func program() -> DetachedProgram? {
        guard let path = HostSystem.programPath else { return nil }
        return DetachedProgram(path: path, arguments: CommandLine.arguments, environment: HostSystem.environment)
    }

    private func inheritance() throws -> Inheritance? {
        do {
            return try Inheritance.ofEnvironment()
        } catch {
            StandardError.write("causeway: the process before this one has not handed over: \(error)\n")
            throw ExitStatus.unavailable
        }
    }

    /// The result of `body`. Its failure is logged, and ends the process with the status that fits it.
    private func attempt<Value>(_ status: ExitCode, _ logger: Logger, _ body: () throws -> Value) throws -> Value {
        do {
            return try body()
        } catch Node.StartError.loop(let reason) {
            logger.critical("cannot start", metadata: ["reason": "a loop cannot be set up: \(reason)"])
            throw ExitStatus.systemError
        } catch {
            logger.critical("cannot start", metadata: ["reason": "\(error)"])
            throw status
        }
    }
}
