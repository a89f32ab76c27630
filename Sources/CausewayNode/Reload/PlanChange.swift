import CausewayBytes
import CausewayIO
import Synchronization

/// What a new plan is to a loop.
///
/// `@unchecked Sendable`: acceptors and ports are made on one thread and used on the loop's alone, which gets them by a
/// message.
struct PlanChange: @unchecked Sendable {
    let plan: Plan
    /// Of addresses at which nobody listened; not started yet.
    let acceptors: [Acceptor]
    /// The same for datagrams.
    let ports: [DatagramPort]
    /// Members that nobody has checked before, and that this loop is to check.
    let newMembers: [(GroupMember, ExitGroup.Check)]
}

extension Worker {
    /// Puts a new plan into force. On the loop's thread.
    func apply(_ change: PlanChange) {
        let plan = change.plan
        self.bufferShare = plan.limits.buffers / plan.limits.loops
        self.prepareSelectors(plan.groups.map(\.group))
        self.replaceCheckers(plan)
        let live = Set(plan.exits.map(\.number))
        for number in self.warmStocks.indices where !live.contains(number) {
            self.warmStocks[number]?.stop()
            self.warmStocks[number] = nil
        }
        self.prepare(plan.exits, checking: change.newMembers)
        self.reloadedExits = Dictionary(plan.exits.map { ($0.name, $0) }) { first, _ in first }
        self.replaceListeners(plan, adding: change.acceptors)
        self.replacePorts(plan, adding: change.ports)
        self.endOrphans(plan)
        self.followCongestion(plan)
    }

    /// Ends the checks of members that are gone, or that are checked in another way.
    private func replaceCheckers(_ plan: Plan) {
        let wanted = Set(plan.checkedMembers.map { ObjectIdentifier($0.member) })
        for (member, checker) in self.checkers where !wanted.contains(member) {
            checker.stop()
            self.checkers[member] = nil
        }
    }

    private func replaceListeners(_ plan: Plan, adding acceptors: [Acceptor]) {
        var listeners: [SocketAddress: Listener] = [:]
        for listener in plan.listeners {
            for address in listener.addresses { listeners[address] = listener }
        }
        self.acceptors.removeAll { acceptor in
            guard let listener = listeners[acceptor.address] else {
                acceptor.stop()
                return true
            }
            acceptor.listener = listener
            return false
        }
        for acceptor in acceptors {
            do throws(SystemCallError) {
                try self.start(acceptor)
            } catch {
                self.note(.acceptPaused, error.description, at: acceptor.listener.name)
            }
        }
    }

    private func replacePorts(_ plan: Plan, adding ports: [DatagramPort]) {
        var listeners: [SocketAddress: Listener] = [:]
        for listener in plan.listeners where listener.listensForDatagrams {
            for address in listener.addresses { listeners[address] = listener }
        }
        self.datagramPorts.removeAll { port in
            guard let listener = listeners[port.address] else {
                port.stop()
                return true
            }
            port.listener = listener
            return false
        }
        for port in ports {
            do throws(SystemCallError) {
                try self.start(port)
            } catch {
                self.note(.acceptPaused, error.description, at: port.listener.name)
            }
        }
    }

    /// Ends sessions and associations whose listener or exit is gone.
    private func endOrphans(_ plan: Plan) {
        let listeners = Set(plan.listeners.map(\.name))
        let exits = Set(plan.exits.map(\.name))
        var orphans: [Session] = []
        self.loop.forEachHandler { handler in
            guard let session = handler as? Session else { return }
            let hasExit = session.exit.map { exits.contains($0.name) } ?? true
            if !hasExit || !listeners.contains(session.listener.name) { orphans.append(session) }
        }
        for session in orphans { session.abort() }
        let takers = Set(plan.listeners.filter(\.takesDatagrams).map(\.name))
        for association in self.datagrams.all {
            let hasExit = (association.exit ?? association.way).map { exits.contains($0.name) } ?? true
            if !hasExit || !takers.contains(association.listener.name) { association.end() }
        }
    }
}
