import CausewayAdmin
import CausewayBytes
public import CausewayConfig
import CausewayIO
import CausewayLedger
import Dispatch
import Logging
import Synchronization

/// Another configuration for a running node.
extension Node {
    /// Time that the loops have to put it into force.
    private static let patience = DispatchTimeInterval.seconds(10)

    /// Why a reload changes nothing.
    public enum ReloadError: Error, CustomStringConvertible, Sendable {
        /// The node was not told where its configuration is.
        case noSource
        /// The node ends, and takes no connections any more.
        case draining
        case configuration(ConfigurationError)
        case start(StartError)

        public var description: String {
            switch self {
            case .noSource: "the node does not know where its configuration is"
            case .draining: "the node is draining"
            case .configuration(let error): error.description
            case .start(let error): error.description
            }
        }
    }

    /// Reads the configuration again and puts what is different into force. A fault in it changes nothing.
    ///
    /// Sessions go on whose listener, user and exit are there still; those that are new do as the new one says.
    ///
    /// - Throws: ``ReloadError``, and then nothing is different, unless the ledger fails in the middle of its users.
    public func reload() throws {
        let report = try self.locked(isTrial: false).get()
        for warning in report.warnings { self.logger.warning("configuration", metadata: ["warning": "\(warning)"]) }
    }

    /// The same for the admin API.
    func reload(isTrial: Bool) throws(ControlError) -> ReloadReport {
        do throws(ReloadError) {
            return try self.locked(isTrial: isTrial).get()
        } catch {
            switch error {
            case .configuration, .noSource: throw .invalid(error.description)
            case .start, .draining: throw .unavailable(error.description)
            }
        }
    }

    private func locked(isTrial: Bool) -> Result<ReloadReport, ReloadError> {
        self.lock.withLock { _ in
            Result { () throws(ReloadError) in try self.read(isTrial: isTrial) }
        }
    }

    private func read(isTrial: Bool) throws(ReloadError) -> ReloadReport {
        guard let source = self.source else { throw .noSource }
        guard self.shared.drainDeadline == nil else { throw .draining }
        let configuration: Configuration
        do throws(ConfigurationError) {
            configuration = try source.load()
        } catch {
            throw .configuration(error)
        }
        let difference = self.plan.present.configuration.difference(to: configuration)
        var changes = difference.changes
        let users = self.users.service
        if isTrial {
            changes += users?.preview(configuration.users) ?? configuration.users.map { "user \($0.name): added" }
        } else {
            changes += try self.apply(configuration)
            source.applied(configuration)
            self.tell(changes, atRestart: difference.atRestart)
        }
        return ReloadReport(
            changes: changes,
            atRestart: difference.atRestart,
            warnings: configuration.warnings.map(\.description)
        )
    }

    /// - Returns: what is different of the users.
    private func apply(_ configuration: Configuration) throws(ReloadError) -> [String] {
        let old = self.plan.present
        let plan = Plan(
            configuration,
            after: old,
            ownAddresses: HostSystem.ownAddresses(),
            descriptorLimit: HostSystem.raiseDescriptorLimit(),
            seed: RandomSource().next(),
            now: HostSystem.now
        )
        // What can fail comes first, and is let go of where something else fails.
        var acceptors: [[Acceptor]] = self.workers.map { _ in [] }
        var ports: [[DatagramPort]] = self.workers.map { _ in [] }
        var changes: [String] = []
        do throws(StartError) {
            let open = Set(old.listeners.flatMap(\.addresses))
            for listener in plan.listeners {
                for address in listener.addresses where !open.contains(address) {
                    let made = try Self.acceptors(at: address, of: listener, self.workers)
                    for (index, acceptor) in made.enumerated() { acceptors[index].append(acceptor) }
                }
            }
            let openForDatagrams = Set(old.listeners.filter(\.listensForDatagrams).flatMap(\.addresses))
            for listener in plan.listeners where listener.listensForDatagrams {
                for address in listener.addresses where !openForDatagrams.contains(address) {
                    let made = try Self.datagramPorts(at: address, of: listener, self.workers)
                    for (index, port) in made.enumerated() { ports[index].append(port) }
                }
            }
            if let users = self.users.service {
                changes = try Self.reconcile(users, configuration)
            } else {
                try self.startUsers(configuration)
                if self.users.service != nil { changes = configuration.users.map { "user \($0.name): added" } }
            }
        } catch {
            throw .start(error)
        }
        self.shared.sessionLimit = plan.limits.sessions
        self.shared.associationLimit = plan.limits.associations
        self.shared.loggedAddresses = LoggedAddresses(configuration.log)
        self.plan.present = plan
        plan.changeCongestion()
        let isDone = DispatchSemaphore(value: 0)
        for (index, worker) in self.workers.enumerated() {
            let members = plan.members(checkedOn: index, since: old)
            let change = PlanChange(plan: plan, acceptors: acceptors[index], ports: ports[index], newMembers: members)
            worker.loop.execute {
                worker.apply(change)
                isDone.signal()
            }
        }
        let deadline = DispatchTime.now() + Self.patience
        for _ in self.workers where isDone.wait(timeout: deadline) != .success {
            self.logger.error("a loop is late with the new configuration")
        }
        return changes
    }

    private static func reconcile(
        _ users: UserService,
        _ configuration: Configuration
    ) throws(StartError) -> [String] {
        do throws(LedgerError) {
            return try users.reload(configuration)
        } catch {
            throw .ledger(reason: error.description)
        }
    }

    private func tell(_ changes: [String], atRestart: [String]) {
        for change in changes { self.logger.notice("reloaded", metadata: ["change": "\(change)"]) }
        for change in atRestart { self.logger.warning("holds after a restart", metadata: ["change": "\(change)"]) }
        if changes.isEmpty, atRestart.isEmpty { self.logger.notice("reloaded, and nothing is different") }
    }
}
