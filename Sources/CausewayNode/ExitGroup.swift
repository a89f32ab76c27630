import CausewayBytes
import CausewayCore

/// Several exits and how to choose among them.
final class ExitGroup: Sendable {
    /// What sessions of one customer have in common for the `hash` policy.
    enum HashKey: Sendable {
        case user, source
    }

    /// How members are asked whether they work.
    struct Check: Sendable {
        /// A web server behind the member, and what is fetched there.
        let target: Address
        let path: String
        let interval: Interval
        let timeout: Interval
    }

    /// The group's place in lists that loops keep; no other group of the process has had it.
    let number: Int
    let policy: GroupPolicy
    let hashKey: HashKey
    /// How much better another member's latency has to be.
    let tolerance: Interval
    let check: Check?
    let members: [GroupMember]

    /// What the `hash` policy goes by.
    ///
    /// - Parameters:
    ///   - slot: the user's; `nil` where nobody is known.
    ///   - source: where the customer is.
    func hashKey(user slot: Int?, source: IPAddress) -> UInt64 {
        if case .user = self.hashKey, let slot { return UInt64(slot) }
        return switch source {
        case .v4(let ip): UInt64(ip)
        // A customer's network is what stays when its privacy address changes (RFC 8981).
        case .v6(let high, _): high
        }
    }

    init(
        number: Int,
        policy: GroupPolicy,
        hashKey: HashKey,
        tolerance: Interval,
        check: Check?,
        members: [GroupMember]
    ) {
        self.number = number
        self.policy = policy
        self.hashKey = hashKey
        self.tolerance = tolerance
        self.check = check
        self.members = members
    }
}
