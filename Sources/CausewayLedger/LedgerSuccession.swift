/// What a process needs to take over a ledger from another one.
public struct LedgerSuccession: Sendable {
    /// Where the ledger is, as the other process calls it.
    public var directory: String
    /// An open descriptor of the directory's lock, which becomes the ledger's that is made with it.
    public var lock: CInt

    public init(directory: String, lock: CInt) {
        self.directory = directory
        self.lock = lock
    }
}
