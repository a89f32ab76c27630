public import CausewayBytes
public import CausewayCore
public import CausewayCrypto

/// How a machine's reboots are guarded: a file of its own, for a machine has one guard and any number of nodes.
public struct RebootGuardConfiguration: Sendable {
    /// What the lock calls this machine; no two of a fleet have the same.
    public let name: String
    public let wanted: Wanted
    /// Time between two looks.
    public let every: Interval
    public let lock: Lock
    /// `nil` for always.
    public let window: MaintenanceWindow?
    /// What says by its status whether the machine is well; `nil` for always.
    public let health: Command?
    public let drain: Drain
    public let reboot: Command
    /// What brings back the nodes that have drained, where no reboot came of it; `nil` for nothing.
    public let resume: Command?
    /// The directory for what has to be known after the reboot.
    public let state: String
    /// What is allowed but hardly meant.
    public let warnings: [Diagnostic]

    /// Where it is looked for whether a reboot is wanted.
    public enum Wanted: Equatable, Sendable {
        /// It is while there is something at the path.
        case file(String)
        /// It is while the command ends with 0.
        case command(Command)
    }

    /// What lets one machine reboot at a time.
    public enum Lock: Equatable, Sendable {
        /// A file that all see, such as on NFS.
        case file(String)
        case http(CheckURL, token: Secret?)
    }

    /// A program with its arguments, and what it has at most.
    public struct Command: Equatable, Sendable {
        public let words: [String]
        public let timeout: Interval
    }

    /// The nodes that drain first.
    public struct Drain: Equatable, Sendable {
        /// Their admin sockets.
        public let sockets: [String]
        /// What sessions have at most.
        public let deadline: Interval
    }
}
