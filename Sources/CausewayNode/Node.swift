import CausewayAdmin
import CausewayBytes
public import CausewayConfig
import CausewayCore
import CausewayCrypto
import CausewayIO
import CausewayLedger
import Dispatch
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
        /// The process that hands over has not.
        case handOver(reason: String)

        public var description: String {
            switch self {
            case .listen(let listener, let address, let reason):
                "listener \(listener) cannot listen on \(address): \(reason)"
            case .loop(let reason): "a loop cannot be set up: \(reason)"
            case .ledger(let reason): "the ledger cannot be had: \(reason)"
            case .handOver(let reason): "the process before this one has not handed over: \(reason)"
            case .admin(let reason): "the admin API cannot be served: \(reason)"
            }
        }
    }

    /// Connections that may wait in the kernel per listener and loop; the kernel caps it at `net.core.somaxconn`.
    static let backlog: CInt = 4096

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
    let owner: NodeOwner?
    private let inheritance: Inheritance?
    /// By which processes that were the node before see when nobody is it any more; `nil` where there are none. Under the
    /// lock.
    var ownerPipe: OwnerPipe?
    private let watch: LoopWatch
    let users: LiveUsers
    private let admin = Mutex<[AdminServer]>([])

    /// Makes a configuration ready; nothing is opened yet.
    ///
    /// - Parameters:
    ///   - version: what the node calls itself.
    ///   - source: where a reload gets the configuration; without one there is none.
    ///   - owner: who runs the node.
    ///   - inheritance: what there is of somebody before.
    /// - Throws: `AEADChoice.UnknownName` when the environment forces a backend that does not exist.
    public init(
        configuration: Configuration,
        version: String,
        source: ConfigurationSource? = nil,
        owner: NodeOwner? = nil,
        inheritance: Inheritance? = nil,
        logger: Logger
    ) throws {
        self.aead = try AEADChoice.ofEnvironment()
        HostSystem.ignoreBrokenPipes()
        self.logger = logger
        self.version = version
        self.source = source
        self.owner = owner
        self.inheritance = inheritance
        self.users = LiveUsers()
        let plan = Plan(
            configuration,
            inheritedLoops: inheritance?.predecessor?.loops,
            ownAddresses: HostSystem.ownAddresses(),
            descriptorLimit: HostSystem.raiseDescriptorLimit(),
            seed: RandomSource().next(),
            now: HostSystem.now
        )
        self.plan = LivePlan(plan)
        self.shared = SharedState(
            limits: plan.limits,
            resolver: plan.resolver,
            log: CauseLog(logger: logger),
            addresses: LoggedAddresses(configuration.log)
        )
        self.watch = LoopWatch(self.shared.loops)
    }

    /// Opens all listeners and starts the loops; returns once every address is bound.
    ///
    /// - Throws: ``StartError``; then nothing has been started, and a process that hands over goes on.
    public func start() throws {
        do {
            try self.begin()
        } catch {
            self.stop()
            // One that no thread has served lets go of what it was asked to do.
            for worker in self.workers { try? worker.loop.run() }
            self.inheritance?.refuse("\(error)")
            throw error
        }
    }

    private func begin() throws {
        let plan = self.plan.present
        for number in 0..<plan.limits.loops {
            do throws(Worker.SetUpError) {
                let worker = try Worker(number: number, shared: self.shared, aead: self.aead)
                worker.prepareSelectors(plan.groups.map(\.group))
                let members = plan.members(checkedOn: number)
                worker.loop.execute { worker.prepare(plan.exits, checking: members) }
                self.workers.append(worker)
            } catch {
                throw StartError.loop(reason: error.description)
            }
        }
        let workers = self.workers
        var inherited = InheritedSockets(self.inheritance?.takeSockets() ?? [])
        let acceptors = try self.acceptors(workers, &inherited)
        let ports = try self.datagramPorts(workers, &inherited)
        for address in inherited.addresses {
            self.logger.warning("a socket was given that no listener wants", metadata: ["address": "\(address)"])
        }
        let estate = try self.takeOver()
        for acceptor in acceptors {
            do throws(SystemCallError) {
                try acceptor.worker.start(acceptor)
            } catch {
                let address = "\(acceptor.address)"
                throw StartError.listen(listener: acceptor.listener.name, address: address, reason: error.reason)
            }
        }
        for port in ports {
            do throws(SystemCallError) {
                try port.worker.start(port)
            } catch {
                throw StartError.listen(listener: port.listener.name, address: "\(port.address)", reason: error.reason)
            }
        }
        self.shared.loops.set(workers)
        try self.startUsers(plan.configuration, before: workers, succession: estate?.ledger)
        let logger = self.logger
        for worker in workers {
            do throws(SystemCallError) {
                let thread = try LoopThread(worker.loop) { error in
                    logger.critical("a loop has failed", metadata: ["reason": "\(error)"])
                }
                self.threads.append(thread)
            } catch {
                throw StartError.loop(reason: error.description)
            }
        }
        try self.startAdmin(aead: workers.first?.aead.name ?? "")
        try self.settle()
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
    func startUsers(
        _ configuration: Configuration,
        before workers: [Worker] = [],
        succession: LedgerSuccession? = nil
    ) throws(StartError) {
        guard configuration.wantsUsers, self.users.service == nil else {
            if succession != nil { throw .ledger(reason: "no listener asks for users any more, which wants a restart") }
            return
        }
        do throws(LedgerError) {
            let users = try UserService(
                configuration,
                succession: succession,
                shared: self.shared,
                logger: self.logger
            )
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
            aead: aead,
            log: self.owner?.log
        ) { [weak self] isTrial throws(ControlError) in
            guard let self else { throw .unavailable("the node is stopping") }
            return try self.reload(isTrial: isTrial)
        } draining: { [weak self] seconds throws(ControlError) in
            guard let self else { throw .unavailable("the node is stopping") }
            return try self.drain(seconds: seconds)
        } handingOver: { [weak self] seconds throws(ControlError) in
            guard let self else { throw .unavailable("the node is stopping") }
            return try self.handOver(seconds: seconds)
        }
        let isSuccessor = self.inheritance?.predecessor != nil
        for endpoint in endpoints {
            let server = AdminServer(endpoint, control: report, logger: self.logger)
            if isSuccessor, case .remote = endpoint {
                self.startLater(server)
                continue
            }
            do throws(AdminError) {
                try server.start(replacing: isSuccessor)
                self.admin.withLock { $0.append(server) }
            } catch {
                throw StartError.admin(reason: error.description)
            }
        }
    }

    /// Starts a server at an address that the process before this one leaves in a moment.
    private func startLater(_ server: AdminServer) {
        DispatchQueue.global().async { [weak self] in
            for attempt in 0..<100 {
                do throws(AdminError) {
                    try server.start()
                    self?.admin.withLock { $0.append(server) }
                    return
                } catch {
                    if attempt == 99 { self?.logger.error("admin", metadata: ["reason": "\(error)"]) }
                }
                usleep(100_000)
            }
        }
    }

    /// Serves the admin API no more.
    func stopAdmin() {
        let servers = self.admin.withLock { servers in
            defer { servers = [] }
            return servers
        }
        for server in servers { server.stop() }
    }

    // MARK: - In the place of another process

    /// Takes what the process before this one leaves; `nil` where there is none.
    private func takeOver() throws(StartError) -> Inheritance.Estate? {
        guard let inheritance = self.inheritance, let predecessor = inheritance.predecessor else { return nil }
        do throws(HandOverFailure) {
            let estate = try inheritance.takeOver(predecessor)
            try SaltInheritance.take(
                estate.pools,
                in: estate.salts,
                asked: estate.questions,
                by: self.plan.present.listeners
            )
            self.lock.withLock { _ in self.ownerPipe = estate.owners }
            return estate
        } catch {
            throw .handOver(reason: error.description)
        }
    }

    /// Tells the process before this one, where there is one, that connections are taken, and waits until this one is
    /// the node.
    private func settle() throws(StartError) {
        guard let inheritance = self.inheritance, let predecessor = inheritance.predecessor else { return }
        do throws(HandOverFailure) {
            try inheritance.settle(predecessor)
        } catch {
            throw .handOver(reason: error.description)
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
        self.stopAdmin()
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
}
