import CausewayAdmin
import CausewayBytes
public import CausewayConfig
import CausewayCore
import CausewayCrypto
import CausewayIO
import Glibc
public import Logging
import Synchronization

/// A running Causeway: the loops of a configuration, each on a thread of its own.
public final class Node {
    /// Why a node cannot start.
    public enum StartError: Error, CustomStringConvertible {
        /// A listener's address cannot be had.
        case listen(listener: String, address: String, reason: String)
        /// A loop cannot be set up.
        case loop(reason: String)
        /// The admin API cannot be served.
        case admin(reason: String)
        /// The ledger cannot be had.
        case ledger(reason: String)

        public var description: String {
            switch self {
            case .listen(let listener, let address, let reason):
                "listener \(listener) cannot listen on \(address): \(reason)"
            case .loop(let reason): "a loop cannot be set up: \(reason)"
            case .ledger(let reason): "the ledger cannot be had: \(reason)"
            case .admin(let reason): "the admin API cannot be served: \(reason)"
            }
        }
    }

    /// Connections that may wait in the kernel per listener and loop; the kernel caps it at `net.core.somaxconn`.
    private static let backlog: CInt = 4096

    private let logger: Logger
    let plan: Plan
    private let aead: AEADChoice
    let shared: SharedState
    private(set) var workers: [Worker] = []
    private var threads: [LoopThread] = []
    private let version: String
    private let configuration: Configuration
    private var users: UserService?
    private var admin: [AdminServer] = []

    /// Makes a configuration ready; nothing is opened yet.
    ///
    /// - Parameter version: what the node calls itself.
    /// - Throws: `AEADChoice.UnknownName` when the environment forces a backend that does not exist.
    public init(configuration: Configuration, version: String, logger: Logger) throws {
        self.aead = try AEADChoice.ofEnvironment()
        HostSystem.ignoreBrokenPipes()
        self.logger = logger
        self.version = version
        self.configuration = configuration
        self.plan = Plan(
            configuration,
            ownAddresses: HostSystem.ownAddresses(),
            descriptorLimit: HostSystem.raiseDescriptorLimit(),
            seed: RandomSource().next(),
            now: HostSystem.now
        )
        self.shared = SharedState(
            limits: self.plan.limits,
            resolver: self.plan.resolver,
            log: CauseLog(logger: logger)
        )
    }

    /// Opens all listeners and starts the loops; returns once every address is bound.
    ///
    /// - Throws: ``StartError``; then nothing has been started.
    public func start() throws {
        var workers: [Worker] = []
        for number in 0..<self.plan.limits.loops {
            do throws(Worker.SetUpError) {
                let worker = try Worker(number: number, shared: self.shared, aead: self.aead)
                worker.selectors = self.plan.groups.map { _, group in
                    GroupSelector(
                        policy: group.policy,
                        memberCount: group.members.count,
                        tolerance: group.tolerance,
                        seed: worker.random.next()
                    )
                }
                let exits = self.plan.exits
                let members = self.plan.members(checkedOn: number)
                worker.loop.execute { worker.prepare(exits, checking: members) }
                workers.append(worker)
            } catch {
                throw StartError.loop(reason: error.description)
            }
        }
        for listener in self.plan.listeners {
            for address in listener.addresses { try self.listen(on: address, listener, workers) }
        }
        self.workers = workers
        self.shared.loops.set(workers)
        try self.startUsers(workers)
        let logger = self.logger
        for worker in workers {
            do throws(SystemCallError) {
                let thread = try LoopThread(worker.loop) { error in
                    logger.critical("a loop has failed", metadata: ["reason": "\(error)"])
                }
                self.threads.append(thread)
            } catch {
                self.stop()
                throw StartError.loop(reason: error.description)
            }
        }
        try self.startAdmin(aead: workers.first?.aead.name ?? "")
        self.logger.info(
            "running",
            metadata: [
                "listeners": "\(self.plan.listeners.map(\.name).joined(separator: ","))",
                "loops": "\(self.plan.limits.loops)",
                "sessions": "at most \(self.plan.limits.sessions)",
                "aead": "\(workers.first?.aead.name ?? "")",
            ]
        )
    }

    private func startUsers(_ workers: [Worker]) throws {
        guard self.configuration.wantsUsers else { return }
        do {
            let users = try UserService(self.configuration, shared: self.shared, logger: self.logger)
            users.start(workers)
            self.users = users
        } catch {
            throw StartError.ledger(reason: "\(error)")
        }
    }

    private func startAdmin(aead: String) throws {
        let settings = self.configuration.admin
        var endpoints: [AdminEndpoint] = []
        if let path = settings.socket { endpoints.append(.socket(path: path)) }
        if let remote = settings.remote { endpoints.append(.remote(remote.address, tokens: remote.tokens)) }
        let report = StatusReport(
            plan: self.plan,
            shared: self.shared,
            users: self.users,
            version: self.version,
            aead: aead
        )
        for endpoint in endpoints {
            let server = AdminServer(endpoint, control: report, logger: self.logger)
            do throws(AdminError) {
                try server.start()
                self.admin.append(server)
            } catch {
                self.stop()
                throw StartError.admin(reason: error.description)
            }
        }
    }

    /// Stops the loops; every connection ends with the process or the node.
    public func stop() {
        for server in self.admin { server.stop() }
        self.admin = []
        for worker in self.workers { worker.loop.stop() }
        for thread in self.threads { thread.join() }
        self.threads = []
        self.users?.stop()
        self.users = nil
        // The loops know each other by what they share, and would keep each other.
        self.shared.loops.set([])
        self.logger.info("stopped")
    }

    private func listen(on address: SocketAddress, _ listener: Listener, _ workers: [Worker]) throws {
        do throws(SystemCallError) {
            // SO_REUSEPORT would let a second node share the port unnoticed: one socket without it asks first.
            try Socket.checkFree(address)
            for worker in workers {
                let socket = try Socket.listening(on: address, backlog: Self.backlog, options: listener.socket)
                try worker.listen(socket, for: listener)
            }
        } catch {
            throw StartError.listen(listener: listener.name, address: "\(address)", reason: error.reason)
        }
    }
}
