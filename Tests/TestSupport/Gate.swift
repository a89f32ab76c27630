import Dispatch

/// Holds threads back until it is opened, once and for all.
public final class Gate: Sendable {
    private let semaphore = DispatchSemaphore(value: 0)

    public init() {}

    /// Lets everyone through, now and later.
    public func open() { self.semaphore.signal() }

    /// Blocks until the gate is open.
    public func wait() {
        self.semaphore.wait()
        self.semaphore.signal()
    }
}
