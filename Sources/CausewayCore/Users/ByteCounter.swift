import Synchronization

/// A count of bytes in memory that outlives the process, written by one loop alone and read by anybody.
///
/// The memory belongs to whoever made the counter, and outlives it.
public struct ByteCounter: @unchecked Sendable {
    // Safe: aligned memory that was bound to the atomic once, and of which the owner says that it stays.
    private let value: UnsafeMutablePointer<Atomic<UInt64>>

    /// Bytes that a counter takes in memory.
    public static let width = 8

    /// A counter in the eight bytes at `memory`, which are aligned and go on counting from what they hold.
    public init(at memory: UnsafeMutableRawPointer) {
        precondition(UInt(bitPattern: memory) % UInt(Self.width) == 0)
        self.value = memory.bindMemory(to: Atomic<UInt64>.self, capacity: 1)
    }

    /// What has been counted.
    public var count: UInt64 { self.value.pointee.load(ordering: .acquiring) }

    /// Counts more. By the writer alone.
    public func add(_ count: UInt64) {
        self.set(self.value.pointee.load(ordering: .relaxed) &+ count)
    }

    /// Counts less, by what was counted too early. By the writer alone.
    public func subtract(_ count: UInt64) {
        self.set(self.value.pointee.load(ordering: .relaxed) &- count)
    }

    /// Starts from another count. Only where nobody else writes.
    public func set(_ count: UInt64) {
        self.value.pointee.store(count, ordering: .releasing)
    }
}
