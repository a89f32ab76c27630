/// What a process needs to take over a ledger from another one.
public struct LedgerSuccession: Sendable {
    /// An open descriptor of the directory's lock, which becomes the ledger's that is made with it.
    public var lock: CInt

    public init(lock: CInt) {
        self.lock = lock
    }
}
