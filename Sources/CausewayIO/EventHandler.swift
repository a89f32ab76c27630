/// Whoever has descriptors and timers on a loop. All calls come on the loop's thread.
public protocol EventHandler: AnyObject {
    /// The descriptor that was added under `tag` is ready.
    func ready(_ events: ReadyEvents, tag: UInt8)
    /// The timer that was scheduled under `tag` is due.
    func timerFired(tag: UInt8)
    /// The turn that was asked for with ``EventLoop/yield(_:)`` has come.
    func resumed()
}

/// What handlers that are ready together have done once for all of them: see ``EventLoop/endTurn(with:)``.
public protocol TurnEnd: AnyObject {
    func endTurn()
}

/// Names a handler on its loop. A token that outlives its handler names nothing, whoever sits in its slot by then.
public struct HandlerToken: Equatable, Sendable {
    var slot: UInt32
    var generation: UInt32

    /// No handler.
    public static var none: HandlerToken { HandlerToken(slot: .max, generation: 0) }
}
