/// Why the ledger cannot be used, or does not do what it was asked for.
public enum LedgerError: Error, Equatable, CustomStringConvertible, Sendable {
    /// Another process has the ledger open.
    case inUse(path: String)
    /// The file system refuses: no such directory, no permission, no room.
    case system(path: String, reason: String)
    /// The database is no ledger, or is damaged.
    case notALedger(path: String, reason: String)
    /// The database was written by a later version.
    case tooNew(path: String)
    /// What should be written cannot be: a full, read-only or failing disk, a locked database.
    case notWritable(reason: String)
    /// Another process has taken over the ledger, and writes it from now on.
    case handedOver
    /// The process that hands over has its ledger there, which a hand-over cannot change.
    case elsewhere(String)
    /// So many processes count already: those before this one have sessions left.
    case tooManyProcesses(Int)
    case nameTaken(String)
    /// Another user, or this one already, has the key.
    case keyTaken(user: String)
    case noSuchUser(String)
    /// Somebody else has changed the user since it was read.
    case conflict(user: String, version: Int64)

    public var description: String {
        switch self {
        case .inUse(let path): "\(path) is in use by another process"
        case .system(let path, let reason): "\(path): \(reason)"
        case .notALedger(let path, let reason): "\(path) is no ledger that can be read: \(reason)"
        case .tooNew(let path): "\(path) was written by a later version of causeway"
        case .notWritable(let reason): "the ledger cannot be written: \(reason)"
        case .handedOver: "another process has taken over the ledger"
        case .elsewhere(let path): "the ledger is at \(path), which can be changed at a restart only"
        case .tooManyProcesses(let count):
            "\(count) processes count in it already: sessions of earlier ones have not ended yet"
        case .nameTaken(let name): "there is a user \"\(name)\" already"
        case .keyTaken(let user): "the key of \"\(user)\" is in use already"
        case .noSuchUser(let name): "there is no user \"\(name)\""
        case .conflict(let user, let version):
            "\"\(user)\" has been changed meanwhile: it is at version \(version)"
        }
    }
}
