import CausewayBytes
import CausewayCore
import CausewayFronts
import CausewayIO
import Synchronization

/// How the datagrams of an association reach its customer.
protocol Inlet: DatagramSender {
    var association: Association { get }
    /// How long the association is remembered after its last datagram, so that none is taken twice.
    var memory: Interval { get }
    /// Sends a payload that has come from `source` to the customer.
    func deliver(_ payload: ByteRegion, from source: Address, by desk: DatagramDesk)
    /// Where a socket is the association's own: it is ready.
    func ready(by desk: DatagramDesk)
    /// The association ends.
    func close()
}

/// How the datagrams of an association reach their targets.
protocol Outlet: DatagramSender {
    var association: Association { get }
    /// Sends a payload on; to the next hop where there is no target.
    func send(_ payload: ByteRegion, to target: Address?, by desk: DatagramDesk)
    /// One of the sockets is ready, or may be read again.
    func ready(_ tag: UInt8, by desk: DatagramDesk)
    func close()
}

extension Inlet {
    func ready(by desk: DatagramDesk) {}

    func datagramWasNotSent(_ payload: Int, _ error: SystemCallError) {
        self.association.downWasNotSent(payload, error)
    }
}

extension Outlet {
    func datagramWasNotSent(_ payload: Int, _ error: SystemCallError) {
        self.association.upWasNotSent(payload, error)
    }
}

/// One UDP client: what comes in from it by the inlet leaves by the outlet, and answers go the other way. It lives on one
/// loop, but for datagrams that another loop has heard.
///
///     customer ─▶ inlet ─▶ up ─▶ outlet ─▶ targets
///              ◀─       ◀─ down ◀─
///
/// The outlet is there from the first datagram on, until nothing has moved for a while; the association itself stays
/// as long as a repetition of its datagrams could be taken for a new one.
final class Association: EventHandler {
    static let outletTag = 1 | EventLoop.jointTag
    static let secondOutletTag = 2 | EventLoop.jointTag
    static let inletTag = 3 | EventLoop.jointTag
    private static let idleTag: UInt8 = 0

    /// Silence after which an association that only asked name servers gives its socket back.
    private static let nameServerIdle = Interval.seconds(60)
    private static let nameServerPort: UInt16 = 53
    /// How often a member of a group is looked at.
    private static let memberCheck = Interval.seconds(1)

    unowned let worker: Worker
    private unowned let desk: DatagramDesk
    let listener: Listener
    /// The listener's counters on this loop, and those of the exit that it leaves by now.
    let counters: DatagramCounters
    private let traffic: TrafficCounters
    private(set) var exitCounters: DatagramCounters?
    private var exitTraffic: TrafficCounters?
    /// The exit or group that it leaves by.
    let way: Exit?
    /// The customer's address.
    var source: SocketAddress
    var inlet: (any Inlet)?
    private var outlet: (any Outlet)?
    /// The exit that it leaves by now.
    private(set) var exit: Exit? {
        didSet {
            self.exitCounters = self.exit?.datagrams[self.worker.number]
            self.exitTraffic = self.exit?.traffic[self.worker.number]
        }
    }
    private(set) var groupMember: GroupMember?
    private var memberCheckedAt: Instant
    private(set) var token = HandlerToken.none
    private var timer = TimerWheel.Handle.none
    private var restTimer = TimerWheel.Handle.none
    private(set) var isClosed = false
    /// Among the loop's.
    var place = 0
    /// Among its user's.
    var member: UserSessions.Member?
    let startedAt: Instant
    private(set) var lastActivity: Instant
    private(set) var bytesUp: UInt64 = 0
    private(set) var bytesDown: UInt64 = 0
    private var asksNameServersAlone = true
    /// Bytes that are billed once somebody has answered; `nil` where all are at once.
    var unanswered: UInt64?
    /// The connection that the association lasts as long as.
    unowned var control: Session?

    /// - Parameter way: the exit or group that it leaves by.
    init(from source: SocketAddress, at listener: Listener, by way: Exit?, on worker: Worker) {
        self.source = source
        self.listener = listener
        self.counters = listener.datagrams[worker.number]
        self.traffic = listener.traffic[worker.number]
        self.way = way
        self.worker = worker
        self.desk = worker.datagrams
        self.startedAt = worker.loop.now
        self.lastActivity = worker.loop.now
        self.memberCheckedAt = worker.loop.now
    }

    /// Is one of the loop's from now on.
    func begin(_ inlet: any Inlet) {
        self.inlet = inlet
        self.token = self.worker.loop.register(self)
        self.desk.add(self)
        self.wake()
        self.counters.associationBegan()
        self.timer = self.worker.loop.schedule(after: self.idle, to: self.token, tag: Self.idleTag)
    }

    // MARK: - Up

    /// Sends a payload of the customer's on; to the next hop where there is no target.
    func up(_ payload: ByteRegion, to target: Address?, by desk: DatagramDesk) {
        guard !self.isClosed else { return }
        self.lastActivity = desk.loop.now
        if let target {
            if target.port != Self.nameServerPort { self.asksNameServersAlone = false }
            if target.host.isProtocolMarker { return self.deny("\(AddressPolicy.Reason.magicName)", target) }
        } else {
            self.asksNameServersAlone = false
        }
        self.checkMember()
        if self.outlet == nil {
            self.wake()
            self.openOutlet()
        }
        guard let outlet = self.outlet else { return }
        outlet.send(payload, to: target, by: desk)
    }

    /// Takes so many bytes out of quota and rate, and puts them on the bill: right before they are sent, or else they are
    /// not.
    func charge(up count: Int) -> Bool {
        guard self.charge(count, isUp: true) else { return false }
        self.bytesUp &+= UInt64(count)
        self.counters.countUp()
        self.exitCounters?.countUp()
        self.traffic.count(up: UInt64(count), down: 0)
        self.exitTraffic?.count(up: UInt64(count), down: 0)
        return true
    }

    func upWasNotSent(_ count: Int, _ error: SystemCallError) {
        self.giveBack(count, isUp: true)
        self.bytesUp &-= UInt64(count)
        self.countUnsent(error)
        if error.isRefusal { self.groupMember?.suspect() }
    }

    /// A target that may not be had.
    func deny(_ reason: String, _ target: Address?) {
        self.counters.countDropped()
        self.worker.note(.targetDenied, reason, at: self.exit?.name ?? self.listener.name) {
            self.worker.shared.loggedAddresses.facts(client: self.source, destination: target)
        }
    }

    /// Datagrams that wait for the address of their target, or of the next hop, and find no room or no address.
    func dropped() {
        self.counters.countDropped()
        self.exitCounters?.countDropped()
    }

    // MARK: - Down

    /// Whether the outlet is to leave its sockets unread, as the user's rate is used up; it is told when it may go on.
    func restsDown() -> Bool {
        guard let account = self.member?.sessions.account, let wait = account.rateDown.delay(now: self.worker.loop.now)
        else { return false }
        self.worker.loop.cancel(self.restTimer)
        self.restTimer = self.worker.loop.schedule(after: wait, to: self.token, tag: Self.outletTag)
        return true
    }

    /// Sends a payload that has come from `source` to the customer.
    func down(_ payload: ByteRegion, from source: Address, by desk: DatagramDesk) {
        guard !self.isClosed, self.charge(payload.count, isUp: false) else { return }
        self.lastActivity = desk.loop.now
        self.bytesDown &+= UInt64(payload.count)
        self.counters.countDown()
        self.exitCounters?.countDown()
        self.traffic.count(up: 0, down: UInt64(payload.count))
        self.exitTraffic?.count(up: 0, down: UInt64(payload.count))
        self.inlet?.deliver(payload, from: source, by: desk)
    }

    func downWasNotSent(_ count: Int, _ error: SystemCallError) {
        self.giveBack(count, isUp: false)
        self.bytesDown &-= UInt64(count)
        self.countUnsent(error)
    }

    private func countUnsent(_ error: SystemCallError) {
        if error.isTooLarge {
            self.counters.countTooLarge()
            self.exitCounters?.countTooLarge()
        } else {
            self.dropped()
        }
    }

    // MARK: - Outlet

    /// Opens the outlet by the exit as it is now. A datagram for which there is none is dropped.
    private func openOutlet() {
        guard let way = self.way else { return self.counters.countDropped() }
        guard var exit = self.worker.present(way) else { return self.leave("the exit is gone") }
        if case .group(let group) = exit.kind {
            guard let member = self.chooseMember(of: group) else {
                self.counters.countDropped()
                self.worker.note(.connectFailed, "no member of the group works", at: exit.name)
                return
            }
            self.groupMember = member
            exit = member.exit
        }
        self.exit = exit
        switch exit.kind {
        case .direct(let policy):
            if case .relay = self.listener.kind { return self.leave("a relay leaves by tunnels only") }
            self.outlet = DirectOutlet(policy, of: exit, for: self)
        case .tunnel(let server, let credentials):
            if case .relay = self.listener.kind {
                self.outlet = HopOutlet(to: server, with: nil, of: exit, for: self)
            } else if let credentials {
                self.outlet = HopOutlet(to: server, with: credentials, of: exit, for: self)
            } else {
                return self.deny("the exit has no keys", nil)
            }
        case .block, .group: return self.deny("the exit blocks everything", nil)
        }
        self.exitCounters?.associationBegan()
    }

    /// Ends, as a reload has left no way to go: what comes next begins an association by what there is now.
    private func leave(_ reason: String) {
        self.deny(reason, nil)
        self.end()
    }

    private func chooseMember(of group: ExitGroup) -> GroupMember? {
        let now = self.worker.loop.now
        let key = group.hashKey(user: self.member?.sessions.account.slot, source: self.source.ip)
        return self.worker.selectors[group.number].choose(key: key, tried: MemberSet()) { index in
            group.members[index].view(now: now)
        }.map { group.members[$0] }
    }

    /// Leaves by another member of the group when the present one has gone down.
    private func checkMember() {
        guard let member = self.groupMember, self.worker.loop.now - self.memberCheckedAt >= Self.memberCheck else {
            return
        }
        self.memberCheckedAt = self.worker.loop.now
        if !member.isUsable(now: self.worker.loop.now) { self.closeOutlet() }
    }

    private func closeOutlet() {
        guard let outlet = self.outlet else { return }
        // What is queued goes out by the sockets that are closed now.
        self.desk.queue.flush()
        self.outlet = nil
        outlet.close()
        self.exitCounters?.associationEnded()
        self.worker.loop.cancel(self.restTimer)
        self.exit = nil
        self.groupMember = nil
    }

    /// Whether it counts as a session: it has sockets, or is about to. One that is only remembered keeps no node from
    /// its end.
    private(set) var isAwake = false

    private func wake() {
        guard !self.isAwake else { return }
        self.isAwake = true
        self.worker.shared.sessionCount.wrappingAdd(1, ordering: .relaxed)
    }

    private func sleep() {
        self.closeOutlet()
        guard self.isAwake else { return }
        self.isAwake = false
        self.worker.shared.sessionCount.wrappingSubtract(1, ordering: .relaxed)
        self.worker.resumeAccepting()
    }

    // MARK: - Events

    func ready(_ events: ReadyEvents, tag: UInt8) {
        let desk = self.desk
        if tag == Self.inletTag { self.inlet?.ready(by: desk) } else { self.outlet?.ready(tag, by: desk) }
        desk.settle()
    }

    func timerFired(tag: UInt8) {
        if tag == Self.outletTag {
            self.restTimer = .none
            return self.outletMayBeReady()
        }
        self.timer = .none
        let silence = self.worker.loop.now - self.lastActivity
        if silence >= self.idle { self.sleep() }
        let memory = max(self.idle, self.inlet?.memory ?? self.idle)
        guard silence < memory else { return self.end() }
        let next = silence < self.idle ? self.idle : memory
        let interval = Interval(nanoseconds: next.nanoseconds - silence.nanoseconds)
        self.timer = self.worker.loop.schedule(after: interval, to: self.token, tag: Self.idleTag)
    }

    func resumed() {
        self.inlet?.ready(by: self.desk)
        self.outletMayBeReady()
    }

    private func outletMayBeReady() {
        let desk = self.desk
        self.outlet?.ready(Self.outletTag, by: desk)
        self.outlet?.ready(Self.secondOutletTag, by: desk)
        desk.settle()
    }

    private var idle: Interval {
        let idle = self.listener.datagramIdleTimeout
        return self.asksNameServersAlone ? min(idle, Self.nameServerIdle) : idle
    }

    // MARK: - Ending

    func end() {
        guard !self.isClosed else { return }
        // Whoever has queued something is told now what comes of it.
        self.desk.queue.flush()
        self.sleep()
        self.isClosed = true
        self.inlet?.close()
        self.leaveUser()
        self.worker.loop.cancel(self.timer)
        self.desk.remove(self)
        self.counters.associationEnded()
        self.worker.loop.deregister(self.token)
        if let control = self.control {
            self.control = nil
            control.close()
        }
    }
}
