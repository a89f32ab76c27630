import CLinux

/// Random bytes for salts and padding, drawn from the kernel a page at a time. One instance belongs to one loop.
public final class RandomSource {
    private static let capacity = 4096

    private let buffer = UnsafeMutableRawPointer.allocate(byteCount: RandomSource.capacity, alignment: 8)
    private var used = RandomSource.capacity

    public init() {}

    deinit {
        self.buffer.initializeMemory(as: UInt8.self, repeating: 0, count: Self.capacity)
        self.buffer.deallocate()
    }

    /// The next random integer. Traps when the kernel gives none, which it does only before its pool is first filled.
    public func next() -> UInt64 {
        if self.used + 8 > Self.capacity {
            precondition(CLinux_random(self.buffer, Self.capacity) == 0, "the kernel gives no random bytes")
            self.used = 0
        }
        defer {
            self.buffer.storeBytes(of: 0, toByteOffset: self.used, as: UInt64.self)
            self.used += 8
        }
        return self.buffer.load(fromByteOffset: self.used, as: UInt64.self)
    }
}
