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
