import Synchronization

/// What became of datagrams so far: written by one thread alone, read by the thread that measures.
public final class DatagramTally: Sendable {
    private let sentValue = Atomic<Int>(0)
    private let arrivedValue = Atomic<Int>(0)
    private let lostValue = Atomic<Int>(0)
    private let straysValue = Atomic<Int>(0)

    public init() {}

    /// Those that the kernel took.
    public var sent: Int { self.sentValue.load(ordering: .relaxed) }
    /// Those that came: at the near end each once, and in time where there is one.
    public var arrived: Int { self.arrivedValue.load(ordering: .relaxed) }
    /// Those whose answer did not come in time.
    public var lost: Int { self.lostValue.load(ordering: .relaxed) }
    /// Those that came too late, or once more.
    public var strays: Int { self.straysValue.load(ordering: .relaxed) }

    func sent(_ count: Int) { self.sentValue.store(self.sent + count, ordering: .relaxed) }
    func arrived(_ count: Int) { self.arrivedValue.store(self.arrived + count, ordering: .relaxed) }
    func lost(_ count: Int) { self.lostValue.store(self.lost + count, ordering: .relaxed) }
    func strayed() { self.straysValue.store(self.strays + 1, ordering: .relaxed) }
}
