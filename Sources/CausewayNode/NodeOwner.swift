public import CausewayIO

/// What whoever runs a node does for it.
public struct NodeOwner: Sendable {
    /// Ends the node, once it is drained: it has been told to by the admin, or has handed over.
    public let end: @Sendable () -> Void
    /// What is started when the node is to hand over to a new process; `nil` where it cannot.
    public let successor: DetachedProgram?
    /// Hears which process is the node from now on, before that one says so itself.
    public let handedOver: @Sendable (Int32) -> Void

    public init(
        end: @escaping @Sendable () -> Void,
        successor: DetachedProgram? = nil,
        handedOver: @escaping @Sendable (Int32) -> Void = { _ in }
    ) {
        self.end = end
        self.successor = successor
        self.handedOver = handedOver
    }
}
