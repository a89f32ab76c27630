import CausewayBytes
import CausewayConfig
import CausewayCore
import CausewayIO
import Synchronization

/// What the sockets of a listener or an exit are to be like on the long leg, and what has become of it. Shared by all
/// loops; a reload changes it in place, for the sockets that are there too.
final class CongestionPolicy: Sendable {
    /// What the configuration asks for.
    struct Wish: Sendable, Equatable {
        var request: CongestionRequest
        var share: Configuration.Congestion.Share
    }

    private struct State {
        var wish: Wish?
        /// Of the last socket.
        var outcome: CongestionOutcome?
        /// By the users' slots; one under ``everybody`` where the rate is nobody's in particular.
        var shares: [Int: CongestionShare] = [:]
    }

    private static let everybody = -1

    /// Grows when the wish changes, so that sockets are looked at anew.
    let generation = Atomic<Int>(0)
    /// A random number of this process's, from which the numbers of groups are made: the kernel knows them by number and
    /// user alone.
    private let base: UInt64
    fileprivate let direction: RateClock.Direction
    private let state: Mutex<State>

    /// - Parameter direction: which of a user's rates is meant: that towards the customer for what a listener sends.
    init(_ congestion: Configuration.Congestion, _ direction: RateClock.Direction) {
        self.direction = direction
        self.base = RandomSource().next() | 1
        self.state = Mutex(State(wish: Wish(congestion)))
    }

    /// Asks for something else from now on; `nil` for nothing.
    func change(to congestion: Configuration.Congestion?) {
        let wish = congestion.map { Wish($0) }
        let isOther = self.state.withLock { state in
            defer { state.wish = wish }
            return state.wish != wish
        }
        if isOther { self.generation.wrappingAdd(1, ordering: .releasing) }
    }

    /// What is asked for; `nil` where that has been taken out of the configuration.
    var wish: Wish? { self.state.withLock { $0.wish } }

    /// What has become of the last socket.
    var outcome: CongestionOutcome? { self.state.withLock { $0.outcome } }

    func note(_ outcome: CongestionOutcome) {
        self.state.withLock { $0.outcome = outcome }
    }

    /// Sockets that are there.
    var live: Int {
        self.state.withLock { state in state.shares.values.reduce(0) { $0 + $1.live.load(ordering: .relaxed) } }
    }

    /// One more socket: those that it shares the rate with.
    func join(_ account: UserAccount?) -> CongestionShare {
        let share = self.state.withLock { state in
            let slot = state.wish?.share == .user ? account?.slot ?? Self.everybody : Self.everybody
            if let known = state.shares[slot] {
                known.live.wrappingAdd(1, ordering: .relaxed)
                return known
            }
            let made = CongestionShare(
                of: self,
                slot < 0 ? nil : account,
                slot: slot,
                group: self.base &+ UInt64(bitPattern: Int64(slot)) &* 2
            )
            state.shares[slot] = made
            return made
        }
        return share
    }

    fileprivate func leave(_ share: CongestionShare) {
        self.state.withLock { state in
            let left = share.live.wrappingSubtract(1, ordering: .relaxed).newValue
            if left == 0 { state.shares[share.slot] = nil }
        }
    }
}

/// Sockets that share a rate: one user's, or all of a listener or an exit.
final class CongestionShare: Sendable {
    let policy: CongestionPolicy
    fileprivate let slot: Int
    /// What the kernel knows them by.
    let group: UInt64
    /// How many they are.
    let live = Atomic<Int>(1)

    /// Whose the rate is, where it is a user's.
    private let account: UserAccount?

    fileprivate init(of policy: CongestionPolicy, _ account: UserAccount?, slot: Int, group: UInt64) {
        self.policy = policy
        self.account = account
        self.slot = slot
        self.group = group
    }

    func leave() {
        self.policy.leave(self)
    }

    /// Bytes per second of all sockets of the share, or of each where they do not share; `nil` without a rate.
    func total(of wish: CongestionPolicy.Wish) -> UInt64? {
        if let rate = wish.request.rate { return rate }
        guard wish.share == .user else { return nil }
        return self.policy.direction == .down ? self.account?.rateDown.limit : self.account?.rateUp.limit
    }

    /// Bytes per second of each socket, where the kernel does not share the rate by itself; `nil` without a rate.
    func part(of wish: CongestionPolicy.Wish) -> UInt64? {
        guard let rate = self.total(of: wish) else { return nil }
        switch wish.share {
        case .socket: return rate
        case .user, .link: return rate / UInt64(max(self.live.load(ordering: .relaxed), 1))
        }
    }
}

extension CongestionPolicy.Wish {
    init(_ congestion: Configuration.Congestion) {
        self.request = CongestionRequest(
            algorithm: CongestionAlgorithm(congestion.algorithm),
            rate: congestion.rate?.bytesPerSecond,
            gain: UInt32(congestion.gain),
            fallback: congestion.fallback.map { CongestionAlgorithm($0) },
            pacing: congestion.pacing?.bytesPerSecond
        )
        self.share = congestion.share
    }
}
