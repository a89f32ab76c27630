import CausewayAdmin
import CausewayBytes
public import CausewayConfig
import CausewayCore
import CausewayCrypto
import CausewayIO
import CausewayLedger
import Glibc
public import Logging
import Synchronization

/// A running Causeway: the loops of a configuration, each on a thread of its own.
///
/// `@unchecked Sendable`: what changes after the start is touched under the lock alone.
public final class Node: @unchecked Sendable {
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

    /// Starting, reloading and stopping come one after the other.
    let lock = Mutex(())
    let logger: Logger
    let plan: LivePlan
    private let aead: AEADChoice
    let shared: SharedState
    private(set) var workers: [Worker] = []
    private var threads: [LoopThread] = []
    private let version: String
    let source: ConfigurationSource?
    /// Tells who has started the node that it is to be ended.
    let ender: (@Sendable () -> Void)?
    private let watch: LoopWatch
    let users: LiveUsers
    private var admin: [AdminServer] = []

    /// Makes a configuration ready; nothing is opened yet.
    ///
    /// - Parameters:
    ///   - version: what the node calls itself.
    ///   - source: where a reload gets the configuration; without one there is none.
    ///   - ender: called when the admin has asked for the node's end, and it drains.
    /// - Throws: `AEADChoice.UnknownName` when the environment forces a backend that does not exist.
    public init(
        configuration: Configuration,
        version: String,
        source: ConfigurationSource? = nil,
        ender: (@Sendable () -> Void)? = nil,
        logger: Logger
    ) throws {
        self.aead = try AEADChoice.ofEnvironment()
        HostSystem.ignoreBrokenPipes()
        self.logger = logger
        self.version = version
        self.source = source
        self.ender = ender
        self.users = LiveUsers()
        let plan = Plan(
            configuration,
            ownAddresses: HostSystem.ownAddresses(),
            descriptorLimit: HostSystem.raiseDescriptorLimit(),
            seed: RandomSource().next(),
            now: HostSystem.now
        )
        self.plan = LivePlan(plan)
        self.shared = SharedState(limits: plan.limits, resolver: plan.resolver, log: CauseLog(logger: logger))
        self.watch = LoopWatch(self.shared.loops)
    }

    /// Opens all listeners and starts the loops; returns once every address is bound.
    ///
    /// - Throws: ``StartError``; then nothing has been started.
    public func start() throws {
        let plan = self.plan.present
        var workers: [Worker] = []
        for number in 0..<plan.limits.loops {
            do throws(Worker.SetUpError) {
                let worker = try Worker(number: number, shared: self.shared, aead: self.aead)
                worker.prepareSelectors(plan.groups.map(\.group))
                let members = plan.members(checkedOn: number)
                worker.loop.execute { worker.prepare(plan.exits, checking: members) }
                workers.append(worker)
            } catch {
                throw StartError.loop(reason: error.description)
            }
        }
        for listener in plan.listeners {
            for address in listener.addresses {
                for (worker, acceptor) in zip(workers, try Self.acceptors(at: address, of: listener, workers)) {
                    do throws(SystemCallError) {
                        try worker.start(acceptor)
                    } catch {
                        throw StartError.listen(listener: listener.name, address: "\(address)", reason: error.reason)
                    }
                }
            }
        }
        self.workers = workers
        self.shared.loops.set(workers)
        try self.startUsers(plan.configuration, before: workers)
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
                "listeners": "\(plan.listeners.map(\.name).joined(separator: ","))",
                "loops": "\(plan.limits.loops)",
                "sessions": "at most \(plan.limits.sessions)",
                "aead": "\(workers.first?.aead.name ?? "")",
            ]
        )
    }

    /// Looks after users from now on, where listeners ask for some and nobody does yet.
    func startUsers(_ configuration: Configuration, before workers: [Worker] = []) throws(StartError) {
        guard configuration.wantsUsers, self.users.service == nil else { return }
        do throws(LedgerError) {
            let users = try UserService(configuration, shared: self.shared, logger: self.logger)
            users.start(before: workers)
            self.users.service = users
        } catch {
            throw .ledger(reason: "\(error)")
        }
    }

    private func startAdmin(aead: String) throws {
        let settings = self.plan.present.configuration.admin
        var endpoints: [AdminEndpoint] = []
        if let path = settings.socket { endpoints.append(.socket(path: path)) }
        if let remote = settings.remote { endpoints.append(.remote(remote.address, tokens: remote.tokens)) }
        let report = StatusReport(
            plan: self.plan,
            shared: self.shared,
            users: self.users,
            version: self.version,
            aead: aead
        ) { [weak self] isTrial throws(ControlError) in
            guard let self else { throw .unavailable("the node is stopping") }
            return try self.reload(isTrial: isTrial)
        } draining: { [weak self] seconds throws(ControlError) in
            guard let self else { throw .unavailable("the node is stopping") }
            return try self.drain(seconds: seconds)
        }
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

    /// How the node is, in one line for people.
    public var statusLine: String {
        let plan = self.plan.present
        var parts = self.drainDeadline == nil ? [] : ["draining"]
        parts += ["\(self.shared.sessionCount.load(ordering: .relaxed)) sessions"]
        if let users = self.users.service?.summary() {
            parts.append("\(users.count) users")
            if users.ledgerFailure != nil { parts.append("ledger not written") }
        }
        let members = plan.groups.flatMap(\.group.members)
        let down = members.filter { $0.present.state == .down }.map(\.exit.name)
        if !members.isEmpty {
            parts.append(down.isEmpty ? "all exits up" : "exits down: \(down.joined(separator: ", "))")
        }
        return parts.joined(separator: ", ")
    }

    /// Whether every loop has turned since this was asked last.
    public func loopsTurn() -> Bool { self.watch.check() }

    /// Stops the loops; every connection ends with the process or the node.
    public func stop() {
        for server in self.admin { server.stop() }
        self.admin = []
        self.lock.withLock { _ in
            for worker in self.workers { worker.loop.stop() }
            for thread in self.threads { thread.join() }
            self.threads = []
            self.users.service?.stop()
            self.users.service = nil
            // The loops know each other by what they share, and would keep each other.
            self.shared.loops.set([])
        }
        self.logger.info("stopped")
    }

    /// What takes connections at an address, one for each loop; the sockets listen, and nobody accepts yet.
    static func acceptors(
        at address: SocketAddress,
        of listener: Listener,
        _ workers: [Worker]
    ) throws(StartError) -> [Acceptor] {
        do throws(SystemCallError) {
            // SO_REUSEPORT would let a second node share the port unnoticed: one socket without it asks first.
            try Socket.checkFree(address)
            var acceptors: [Acceptor] = []
            for worker in workers {
                let socket = try Socket.listening(on: address, backlog: Self.backlog, options: listener.socket)
                acceptors.append(Acceptor(socket, at: address, listener: listener, worker: worker))
            }
            return acceptors
        } catch {
            throw .listen(listener: listener.name, address: "\(address)", reason: error.reason)
        }
    }
}
