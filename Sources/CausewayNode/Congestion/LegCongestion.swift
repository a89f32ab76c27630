import CausewayConfig
import CausewayCore
import CausewayIO
import Synchronization

/// What a leg's socket has of a policy.
final class LegCongestion {
    private let share: CongestionShare
    private var outcome: CongestionOutcome
    /// The policy's, of which the outcome is.
    private var generation: Int
    /// The rate of the share, and what of it was set last, in bytes per second.
    private var total: UInt64?
    private var part: UInt64?

    private let loops: LoopBoard

    /// Makes `socket`, which is connected, one of those of `policy`.
    init?(_ socket: borrowing Socket, _ policy: CongestionPolicy, _ account: UserAccount?, _ loops: LoopBoard) {
        guard let wish = policy.wish else { return nil }
        self.loops = loops
        self.generation = policy.generation.load(ordering: .acquiring)
        self.share = policy.join(account)
        self.outcome = CongestionOutcome()
        self.control(socket, wish)
        if self.isDivided { loops.congestionHasChanged() }
    }

    /// Makes `socket` what is asked for now.
    private func control(_ socket: borrowing Socket, _ wish: CongestionPolicy.Wish) {
        self.total = self.share.total(of: wish)
        self.part = self.share.part(of: wish)
        var request = wish.request
        request.rate = self.total
        let group = wish.share == .socket ? 0 : self.share.group
        self.outcome = socket.control(request, share: self.part, group: group)
        self.policy.note(self.outcome)
    }

    /// Why the socket is not as it was asked for; `nil` where it is.
    var reason: String? { self.outcome.reason }

    var policy: CongestionPolicy { self.share.policy }

    /// Whether the rate is to be divided among the sockets, as the kernel does not.
    private var isDivided: Bool {
        guard let wish = self.policy.wish else { return false }
        return wish.share != .socket && self.total != nil && !self.outcome.isGrouped
    }

    /// Brings `socket` in line with the policy, and with the number of those that share. A change by two hundredths or
    /// less is not worth a call.
    func follow(_ socket: borrowing Socket) {
        guard let wish = self.policy.wish else { return }
        let generation = self.policy.generation.load(ordering: .acquiring)
        if generation != self.generation || self.share.total(of: wish) != self.total {
            self.generation = generation
            self.control(socket, wish)
        } else if self.isDivided, let part = self.share.part(of: wish), Self.differs(part, from: self.part) {
            socket.setShare(part, wish.request, self.outcome)
            self.part = part
        }
    }

    private static func differs(_ part: UInt64, from old: UInt64?) -> Bool {
        guard let old else { return true }
        return max(part, old) - min(part, old) > old / 50
    }

    func leave() {
        self.share.leave()
        if self.isDivided { self.loops.congestionHasChanged() }
    }
}

extension Session {
    /// Makes the customer's socket what the listener says, once the user is known.
    func controlNearLeg() {
        guard let policy = self.listener.congestion, self.near.congestion == nil else { return }
        self.near.congestion = self.control(self.near.socket, policy, at: self.listener.name)
    }

    /// Makes the socket to the next hop or target what the exit says.
    func controlFarLeg() {
        guard let exit = self.exit, let policy = exit.congestion, self.far.congestion == nil else { return }
        self.far.congestion = self.control(self.far.socket, policy, at: exit.name)
    }

    private func control(_ socket: borrowing Socket, _ policy: CongestionPolicy, at place: String) -> LegCongestion? {
        let loops = self.worker.shared.loops
        guard let made = LegCongestion(socket, policy, self.member?.sessions.account, loops) else { return nil }
        if let reason = made.reason { self.worker.note(.congestion, reason, at: place) }
        return made
    }

    /// Brings both sockets in line with their policies.
    func followCongestion() {
        self.near.congestion?.follow(self.near.socket)
        self.far.congestion?.follow(self.far.socket)
    }

    /// The same, where listener or exit may have a policy for the first time.
    func followCongestion(_ plan: Plan) {
        self.followCongestion()
        guard case .relaying = self.phase else { return }
        let listener = plan.listeners.first { $0.name == self.listener.name }
        if self.near.congestion == nil, let policy = listener?.congestion {
            self.near.congestion = self.control(self.near.socket, policy, at: self.listener.name)
        }
        let exit = plan.exits.first { $0.name == self.exit?.name }
        if self.far.congestion == nil, let policy = exit?.congestion {
            self.far.congestion = self.control(self.far.socket, policy, at: exit?.name ?? "")
        }
    }
}
