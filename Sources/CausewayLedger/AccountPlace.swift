public import CausewayCore

/// Where a user's bytes are counted, and its quota is kept while there are processes that count. Stays valid as long as
/// the ledger.
public struct AccountPlace {
    /// At zero, or where they stood before.
    public let counters: UsageCounters
    public let words: AccountWords
    /// Whether it was used before: by an earlier process, or by one that still counts.
    public let isKept: Bool
}
