/// How a group chooses among the members that work.
public enum GroupPolicy: String, CaseIterable, Sendable {
    /// The first of the list.
    case failover
    /// The one with the lowest latency.
    case latency
    /// Each in turn.
    case roundRobin = "round-robin"
    /// The one with the fewest sessions.
    case leastSessions = "least-sessions"
    /// The same one for the same customer.
    case hash
}
