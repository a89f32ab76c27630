/// A list of regions of fixed capacity that is filled and emptied without allocation: what one `writev` takes.
public final class RegionList {
    private let storage: UnsafeMutablePointer<ByteRegion>
    public let capacity: Int
    public private(set) var count = 0

    public init(capacity: Int) {
        self.capacity = capacity
        self.storage = .allocate(capacity: capacity)
    }

    deinit {
        self.storage.deallocate()
    }

    public subscript(index: Int) -> ByteRegion {
        get {
            precondition(index >= 0 && index < self.count)
            return self.storage[index]
        }
        set {
            precondition(index >= 0 && index < self.count)
            self.storage[index] = newValue
        }
    }

    /// Appends a region; the list must not be full.
    public func append(_ region: ByteRegion) {
        precondition(self.count < self.capacity, "a region list of \(self.capacity) is full")
        (self.storage + self.count).initialize(to: region)
        self.count += 1
    }

    public func removeAll() {
        self.count = 0
    }

    /// The sum of the regions' bytes.
    public var byteCount: Int {
        var sum = 0
        for index in 0..<self.count { sum += self.storage[index].count }
        return sum
    }

    /// Lends the regions as they lie in memory: base address and count of each, like `struct iovec`.
    public func withRegions<Result>(_ body: (UnsafeBufferPointer<ByteRegion>) -> Result) -> Result {
        body(UnsafeBufferPointer(start: self.storage, count: self.count))
    }
}
