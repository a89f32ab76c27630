import Synchronization

/// How far each of several transfers has come.
public final class Progress: Sendable {
    /// The bytes of one transfer.
    public final class Count: Sendable {
        private let value = Atomic<Int>(0)

        public init() {}

        public var current: Int { self.value.load(ordering: .relaxed) }

        func set(_ value: Int) { self.value.store(value, ordering: .relaxed) }
    }

    public let sent: [Count]
    private let taken = Atomic<Int>(0)

    public init(count: Int) {
        self.sent = (0..<count).map { _ in Count() }
    }

    /// A number for the next transfer, from 0.
    public func next() -> Int { self.taken.wrappingAdd(1, ordering: .relaxed).oldValue }

    /// The bytes of all transfers.
    public var sum: Int { self.sent.reduce(0) { $0 + $1.current } }
}
