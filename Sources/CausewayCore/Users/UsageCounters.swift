/// A user's byte counters: one of each direction for every loop, in memory that outlives the process.
///
/// The loops' counters lie apart, so that two loops that serve one user do not take a cache line from each other.
public struct UsageCounters: @unchecked Sendable {
    // Safe: points into memory of which the owner says that it stays, and which is only touched as `ByteCounter`s.
    private let base: UnsafeMutableRawPointer
    private let stride: Int
    private let columns: Int
    /// This process's first loop among those of all.
    private let first: Int

    /// Bytes that the counters of one loop take.
    public static let width = 2 * ByteCounter.width

    /// - Parameters:
    ///   - base: where the first loop's counters are; 16 bytes each.
    ///   - stride: bytes from one loop's to the next one's.
    ///   - columns: the loops of all processes that count.
    ///   - first: this process's first loop among them.
    public init(base: UnsafeMutableRawPointer, stride: Int, columns: Int, first: Int = 0) {
        self.base = base
        self.stride = stride
        self.columns = columns
        self.first = first
    }

    /// Bytes towards the target that `loop` has moved.
    public func up(_ loop: Int) -> ByteCounter { ByteCounter(at: self.base + (self.first + loop) * self.stride) }

    /// Bytes towards the customer that `loop` has moved.
    public func down(_ loop: Int) -> ByteCounter {
        ByteCounter(at: self.base + (self.first + loop) * self.stride + ByteCounter.width)
    }

    /// What all loops of all processes have moved together.
    public var total: Traffic {
        (0..<self.columns).reduce(into: Traffic()) { total, column in
            let counters = self.base + column * self.stride
            total.up &+= ByteCounter(at: counters).count
            total.down &+= ByteCounter(at: counters + ByteCounter.width).count
        }
    }
}

/// Bytes of both directions.
public struct Traffic: Hashable, Sendable {
    /// Towards the target.
    public var up: UInt64
    /// Towards the customer.
    public var down: UInt64

    public init(up: UInt64 = 0, down: UInt64 = 0) {
        self.up = up
        self.down = down
    }

    public var total: UInt64 { self.up &+ self.down }

    public static func + (left: Traffic, right: Traffic) -> Traffic {
        Traffic(up: left.up &+ right.up, down: left.down &+ right.down)
    }
}
