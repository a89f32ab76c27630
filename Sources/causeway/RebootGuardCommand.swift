import ArgumentParser
import CausewayConfig
import CausewayIO
import CausewayNode
import Glibc
import Logging

/// `causeway reboot-guard`: reboots machines of a fleet one at a time.
struct RebootGuardCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reboot-guard",
        abstract: "Reboot this machine when it is wanted, one of a fleet at a time.",
        discussion: """
            Runs until SIGTERM. When a reboot is wanted, within the window and with the health command content, it takes \
            the fleet's lock, drains the nodes, and runs the reboot command; it lets go of the lock when the machine is \
            up again and healthy. The configuration is a file of its own.
            """
    )

    @Option(name: .shortAndLong, help: "The guard's configuration.", completion: .file())
    var config: String

    @Flag(help: "Only check the configuration and print what would be done.")
    var check = false

    /// What the kernel calls this boot, and no other one. Tests name another file.
    private static var bootFile: String {
        getenv("CAUSEWAY_BOOT_ID_FILE").map { String(cString: $0) } ?? "/proc/sys/kernel/random/boot_id"
    }

    func run() throws {
        Signals.hold()
        let configuration = try self.load()
        if self.check { return print(configuration.summary) }
        let level = LogLevel(.info)
        let logger = NodeLog.logger(level)
        HostSystem.ignoreBrokenPipes()
        let service: RebootGuardService
        do throws(SystemCallError) {
            let boot = try SmallFile.read(Self.bootFile)?.split(whereSeparator: \.isWhitespace).first
            guard let boot else {
                logger.critical("cannot start", metadata: ["reason": "the system does not tell which boot this is"])
                throw SystemCallError(code: ENOENT, call: "boot_id")
            }
            service = try RebootGuardService(configuration, boot: String(boot), logger: logger)
        } catch {
            logger.critical("cannot start", metadata: ["reason": "\(configuration.state): \(error.reason)"])
            throw ExitStatus.systemError
        }
        logger.info("guarding", metadata: ["name": "\(configuration.name)", "every": "\(configuration.every)"])
        var isStopped = false
        service.run {
            switch Signals.pending() {
            case .end: isStopped = true
            case .reload, .upgrade: logger.warning("another configuration or version wants a restart of the guard")
            case nil: break
            }
            return isStopped
        }
        logger.notice("stopping")
    }

    private func load() throws -> RebootGuardConfiguration {
        do throws(ConfigurationError) {
            let configuration = try RebootGuardConfiguration.load(path: self.config, hostName: HostSystem.name)
            for warning in configuration.warnings { StandardError.write("\(warning)\n") }
            return configuration
        } catch {
            StandardError.write("\(error)\n")
            throw ExitStatus.configuration
        }
    }
}
