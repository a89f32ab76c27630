import Synchronization

/// How a session can break before it is done.
public enum FailureCause: String, Error, CaseIterable {
    /// No socket, or no connection.
    case unconnected
    /// Ended, or reset, within the SOCKS5 handshake.
    case closedInHandshake
    /// The proxy answered no.
    case refused
    /// The answer was no SOCKS5.
    case malformed
    /// Ended, or reset, while payload was due, or while the session was held.
    case closed
    /// Other bytes than those sent.
    case corrupt
    /// Not opened, or without its echo, for too long.
    case late
}

/// What a loop has done so far: written by its thread alone, read by the thread that measures.
public final class Tally: Sendable {
    private let bytesValue = Atomic<Int>(0)
    private let completedValue = Atomic<Int>(0)
    private let failedValue = Atomic<Int>(0)
    private let corruptValue = Atomic<Int>(0)
    private let causes = Mutex<[FailureCause: Int]>([:])

    public init() {}

    /// Bytes that have arrived at their end.
    public var bytes: Int { self.bytesValue.load(ordering: .relaxed) }
    /// Exchanges that went through, or sessions that are held.
    public var completed: Int { self.completedValue.load(ordering: .relaxed) }
    /// Sessions that broke before they were done.
    public var failed: Int { self.failedValue.load(ordering: .relaxed) }
    /// The same by cause; only the causes that occurred.
    public var failedByCause: [FailureCause: Int] { self.causes.withLock { $0 } }
    /// Sessions that brought bytes other than those sent.
    public var corrupt: Int { self.corruptValue.load(ordering: .relaxed) }

    // With one writer, a load and a store suffice; a locked add would cost more than the rest of the bookkeeping.
    func arrived(_ count: Int) { self.bytesValue.store(self.bytes + count, ordering: .relaxed) }
    func sessionCompleted() { self.completedValue.store(self.completed + 1, ordering: .relaxed) }

    func sessionFailed(_ cause: FailureCause) {
        self.failedValue.store(self.failed + 1, ordering: .relaxed)
        self.causes.withLock { $0[cause, default: 0] += 1 }
    }

    func sessionCorrupt() { self.corruptValue.store(self.corrupt + 1, ordering: .relaxed) }
}
