public import CausewayConfig
public import CausewayIO

/// What whoever runs a node does for it.
public struct NodeOwner: Sendable {
    /// Ends the node, once it is drained: it has been told to by the admin, or has handed over.
    public let end: @Sendable () -> Void
    /// What is started when the node is to hand over to a new process; `nil` where it cannot.
    public let successor: DetachedProgram?
    /// Hears which process is the node from now on, before that one says so itself.
    public let handedOver: @Sendable (Int32) -> Void
    /// The level of the log, which the admin may change; `nil` where there is none.
    public let log: LogControl?

    /// Asks for and changes the least severe event that is logged.
    public struct LogControl: Sendable {
        public let level: @Sendable () -> Configuration.Log.Level
        public let set: @Sendable (Configuration.Log.Level) -> Void

        public init(
            level: @escaping @Sendable () -> Configuration.Log.Level,
            set: @escaping @Sendable (Configuration.Log.Level) -> Void
        ) {
            self.level = level
            self.set = set
        }
    }

    public init(
        end: @escaping @Sendable () -> Void,
        successor: DetachedProgram? = nil,
        handedOver: @escaping @Sendable (Int32) -> Void = { _ in },
        log: LogControl? = nil
    ) {
        self.end = end
        self.successor = successor
        self.handedOver = handedOver
        self.log = log
    }
}
