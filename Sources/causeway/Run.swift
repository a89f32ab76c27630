import ArgumentParser
import CausewayConfig
import CausewayNode
import Glibc
import Logging

/// `causeway run`: runs a node until it is told to stop.
struct Run: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run a node until SIGTERM or SIGINT.",
        discussion: """
            Logs to standard error. SIGHUP makes it read its configuration again. After SIGTERM it takes no more \
            connections, and ends when its sessions have, or after the time that the configuration has under drain; a \
            second SIGTERM, or SIGINT, ends it at once.
            """
    )

    /// Microseconds between two looks at a node that drains, and looks between two words to the service manager.
    private static let (drainTick, drainTicksPerWord) = (useconds_t(50_000), 20)

    @OptionGroup var file: ConfigurationFile

    func run() throws {
        // Before there is a thread, so that none of them takes the signals.
        Signals.hold()
        let configuration = try self.file.load()
        let level = LogLevel(Logger.Level(configuration.log.level))
        let logger = Logger(label: "causeway") { _ in StandardErrorLog(level) }
        let path = self.file.path
        let source = ConfigurationSource { () throws(ConfigurationError) in
            try Configuration.load(path: path)
        } applied: { configuration in
            level.present = Logger.Level(configuration.log.level)
        }
        let node = try self.attempt(ExitStatus.systemError, logger) {
            try Node(
                configuration: configuration,
                version: Version.text,
                source: source,
                ender: { kill(getpid(), SIGTERM) },
                logger: logger
            )
        }
        try self.attempt(ExitStatus.unavailable, logger) { try node.start() }
        let manager = ServiceManager()
        manager?.ready(node)
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
            case .end(let signal):
                logger.notice("stopping", metadata: ["signal": "\(signal)"])
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
        var ticks = 0
        while !node.isDrained {
            if ticks % Self.drainTicksPerWord == 0 { manager?.draining(node) }
            ticks += 1
            if case .end = Signals.pending() { return }
            usleep(Self.drainTick)
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
