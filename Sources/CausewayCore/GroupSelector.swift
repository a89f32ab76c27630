public import CausewayBytes

/// Chooses the exits of one group's sessions; each loop has its own.
public struct GroupSelector: Sendable {
    /// Members that a group may have.
    public static let maximumMembers = 64

    /// What a choice goes by.
    public struct Member: Sendable {
        public var isUsable: Bool
        /// Smoothed; `nil` while nothing has measured it.
        public var latency: Interval?
        /// Sessions that leave by it now.
        public var sessions: Int

        public init(isUsable: Bool, latency: Interval?, sessions: Int) {
            self.isUsable = isUsable
            self.latency = latency
            self.sessions = sessions
        }
    }

    private let policy: GroupPolicy
    private let memberCount: Int
    private let tolerance: Interval
    /// Where the turn of `round-robin`, and of equals, stands.
    private var turn: Int
    /// The member that `latency` stays with.
    private var present: Int?

    /// - Parameters:
    ///   - memberCount: 1...``maximumMembers``.
    ///   - tolerance: how much better another latency has to be before `latency` changes over.
    ///   - seed: random, so that the loops of a node do not all begin with the same member.
    public init(policy: GroupPolicy, memberCount: Int, tolerance: Interval, seed: UInt64) {
        precondition((1...Self.maximumMembers).contains(memberCount))
        self.policy = policy
        self.memberCount = memberCount
        self.tolerance = tolerance
        self.turn = Int(seed % UInt64(memberCount))
    }

    /// The member for a new session, or the next one for a session that has tried `tried` in vain; `nil` when none is
    /// left that is usable.
    ///
    /// - Parameters:
    ///   - key: what sessions have in common that are to leave by the same member, for `hash`.
    ///   - member: what is known of the member with this number.
    public mutating func choose(key: UInt64, tried: MemberSet, member: (Int) -> Member) -> Int? {
        switch self.policy {
        case .failover: return self.first(tried, member)
        case .latency: return self.fastest(tried, member)
        case .roundRobin: return self.next(tried, member)
        case .leastSessions: return self.leastLoaded(tried, member)
        case .hash: return self.heaviest(key, tried, member)
        }
    }

    private func first(_ tried: MemberSet, _ member: (Int) -> Member) -> Int? {
        (0..<self.memberCount).first { !tried.contains($0) && member($0).isUsable }
    }

    private mutating func next(_ tried: MemberSet, _ member: (Int) -> Member) -> Int? {
        for step in 0..<self.memberCount {
            let number = (self.turn + step) % self.memberCount
            guard !tried.contains(number), member(number).isUsable else { continue }
            self.turn = (number + 1) % self.memberCount
            return number
        }
        return nil
    }

    private mutating func fastest(_ tried: MemberSet, _ member: (Int) -> Member) -> Int? {
        var best: (number: Int, latency: Interval)?
        var present: Interval?
        for number in 0..<self.memberCount where !tried.contains(number) {
            let view = member(number)
            guard view.isUsable else { continue }
            // What nobody has measured comes after everything that somebody has.
            let latency = view.latency ?? Interval(nanoseconds: .max)
            if number == self.present { present = latency }
            if latency < best?.latency ?? Interval(nanoseconds: .max) || best == nil { best = (number, latency) }
        }
        guard let best else { return nil }
        if let present, let number = self.present,
            present.nanoseconds - best.latency.nanoseconds <= self.tolerance.nanoseconds
        {
            return number
        }
        // A session's second choice is not the group's.
        if tried.isEmpty { self.present = best.number }
        return best.number
    }

    private mutating func leastLoaded(_ tried: MemberSet, _ member: (Int) -> Member) -> Int? {
        var best: (number: Int, sessions: Int)?
        for step in 0..<self.memberCount {
            let number = (self.turn + step) % self.memberCount
            guard !tried.contains(number) else { continue }
            let view = member(number)
            guard view.isUsable, view.sessions < best?.sessions ?? .max else { continue }
            best = (number, view.sessions)
        }
        guard let best else { return nil }
        self.turn = (best.number + 1) % self.memberCount
        return best.number
    }

    /// Rendezvous hashing: every member weighs every key, and the heaviest has it. When a member is lost, only its own
    /// keys move.
    private func heaviest(_ key: UInt64, _ tried: MemberSet, _ member: (Int) -> Member) -> Int? {
        var best: (number: Int, weight: UInt64)?
        for number in 0..<self.memberCount where !tried.contains(number) {
            let weight = Self.mixed(key ^ Self.mixed(UInt64(number) &+ 1))
            guard best.map({ weight > $0.weight }) ?? true, member(number).isUsable else { continue }
            best = (number, weight)
        }
        return best?.number
    }

    /// Spreads every bit of `value` over all of them: odd multipliers and shifts, each of which can be undone, so that
    /// different values stay different.
    private static func mixed(_ value: UInt64) -> UInt64 {
        var value = value
        value = (value ^ value >> 32) &* 0xd6e8_feb8_6659_fd93
        value = (value ^ value >> 32) &* 0xa3b1_9535_4a39_b70d
        return value ^ value >> 32
    }
}
