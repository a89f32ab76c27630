import CausewayBytes
import CausewayCore
import CausewayFronts
import CausewayIO

/// Choosing among the members of a group, and going another way as long as nothing was answered.
extension Session {
    /// The shortest time that a member gets to accept a connection, or an answer to come, before its state is looked
    /// at: one lost SYN is repeated after a second.
    private static let shortestPatience = Interval.milliseconds(1500)
    /// How often an unanswered session is looked at, each time after twice as long: for about a minute and a half.
    private static let rounds = 6

    func begin(_ route: Route) {
        self.route = route
        self.up.sent = route.sent
        self.down.mayEndMute = route.group == nil
    }

    /// The session stays where it is.
    func forgetRoute() {
        guard let route = self.route else { return }
        route.inquiry?.cancel()
        route.inquiry = nil
        self.down.mayEndMute = true
        self.up.sent = nil
        self.worker.pool.release(&route.sent.block)
        self.route = nil
    }

    /// The first byte of an answer, or the end, has come: the exit works.
    func answered() {
        if let member = self.route?.member, let state = member.sessionSucceeded(now: self.worker.loop.now) {
            self.worker.shared.log.note(state, of: member)
        }
        self.forgetRoute()
        if !self.up.isHolding, !self.down.isHolding { self.startRelayTimer() }
    }

    // MARK: - Members

    func hashKey(of group: ExitGroup) -> UInt64 {
        group.hashKey(user: self.member?.sessions.account.slot, source: self.source.ip)
    }

    /// The next member to try; `nil` when none is left that works.
    func chooseMember(of group: ExitGroup) -> GroupMember? {
        guard let route = self.route else { return nil }
        let now = self.worker.loop.now
        let number = self.worker.selectors[group.number].choose(key: route.key, tried: route.tried) { index in
            group.members[index].view(now: now)
        }
        guard let number else { return nil }
        route.tried.insert(number)
        route.member = group.members[number]
        return route.member
    }

    func noneIsLeft(of exit: Exit) {
        self.note(.connectFailed, "no member of the group works", at: exit.name)
        exit.traffic[self.worker.number].countFailure()
        self.fail(.general)
    }

    /// The member failed in a way that is its own fault, and not the target's.
    func blameMember(_ reason: String) {
        guard let route = self.route, !route.isWarm, let member = route.member, case .tunnel = member.exit.kind,
            let state = member.sessionFailed(reason, now: self.worker.loop.now)
        else { return }
        self.worker.shared.log.note(state, of: member)
    }

    // MARK: - Another way

    /// Leaves by another member, or over a fresh socket after a warm one, with all that was sent so far. `false` when
    /// that cannot be or must not be: an answer has begun, too much was sent, or what was sent must not be sent twice.
    func goAnotherWay() -> Bool {
        guard let route = self.route, let exit = self.exit, !self.down.hasBegun, !route.sent.isLost else {
            return false
        }
        // A blind relay cannot look; there every request is taken to be repeatable, as most are handshakes.
        guard route.target == nil || mayBeRepeated(route.sent.block.region) else { return false }
        let next: Exit
        if route.isWarm {
            next = exit
        } else {
            guard let group = route.group, let member = self.chooseMember(of: group) else { return false }
            next = member.exit
        }
        self.dropFarLeg()
        self.up.restartDestination(sending: route.sent, on: self.worker)
        self.down.restartSource(on: self.worker)
        self.up.sent = route.sent
        let wasWarm = route.isWarm
        route.isWarm = false
        route.rounds = 0
        route.avoidsWarm = wasWarm
        self.dial(next, to: route.target)
        return true
    }

    /// Asks whether the exit of a session that has ended without an answer is still there. If it is gone, the session
    /// goes another way; else `conclude` ends it as it was ended. `false` where there would be no other way.
    func inquire(orElse conclude: @escaping (Session) -> Void) -> Bool {
        guard let route = self.route, route.inquiry == nil, let exit = self.exit, let group = route.group,
            case .tunnel(let server, _) = exit.kind, route.tried.count < group.members.count, !route.sent.isLost
        else { return false }
        let inquiry = ExitInquiry(of: exit, on: self.worker) { [weak self] isThere in
            guard let self else { return }
            route.inquiry = nil
            if !isThere {
                route.isWarm = false
                self.blameMember("it is gone")
                if self.goAnotherWay() { return }
            }
            self.forgetRoute()
            conclude(self)
            if case .relaying = self.phase {
                self.startRelayTimer()
                self.relay()
            }
        }
        route.inquiry = inquiry
        inquiry.begin(server)
        return true
    }

    /// How long a connection through `exit` may take: less where another member waits to be tried.
    func connectTimeout(of exit: Exit) -> Interval {
        guard let route = self.route, let group = route.group, route.tried.count < group.members.count else {
            return exit.connectTimeout
        }
        return min(self.answerPatience, exit.connectTimeout)
    }

    /// How long an answer may take before the exit is looked at.
    var answerPatience: Interval {
        let latency = self.route?.member?.present.latency ?? Interval(nanoseconds: 0)
        let patience = max(Self.shortestPatience, Interval(nanoseconds: 4 * latency.nanoseconds))
        return Interval(nanoseconds: patience.nanoseconds << Int64(self.route?.rounds ?? 0))
    }

    /// No answer yet. A slow target is not the exit's fault; but an exit that has gone down, or that does not even
    /// acknowledge what it was sent, will not answer any more.
    func answerIsLate() {
        guard let route = self.route else { return }
        guard route.inquiry == nil else { return self.startRelayTimer() }
        let isStalled = self.far.socket.isStalled
        if isStalled { self.blameMember("it does not acknowledge what it is sent") }
        let isDown = route.member.map { !$0.isUsable(now: self.worker.loop.now) } ?? false
        if isStalled || isDown, self.goAnotherWay() { return }
        route.member?.suspect()
        route.rounds += 1
        if route.rounds >= Self.rounds {
            self.forgetRoute()
            self.countBytes()
        }
        self.startRelayTimer()
    }

    // MARK: - Warm sockets

    /// Leaves over a socket that is connected already; `false` when there is none.
    func takeWarmSocket(of exit: Exit, to target: Address?) -> Bool {
        guard let stock = self.worker.warmStock(of: exit), self.route?.avoidsWarm != true,
            let socket = stock.take()
        else { return false }
        if self.route == nil { self.begin(Route(group: nil, target: target, key: 0)) }
        self.route?.isWarm = true
        self.connected(socket)
        return true
    }
}
