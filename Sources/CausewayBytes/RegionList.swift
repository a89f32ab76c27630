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

    /// Appends a region, or makes the last one longer when `region` begins where that ends.
    public func appendOrJoin(_ region: ByteRegion) {
        if self.count > 0 {
            let last = self.storage[self.count - 1]
            if last.base + last.count == region.base {
                self.storage[self.count - 1] = ByteRegion(base: last.base, count: last.count + region.count)
                return
            }
        }
        self.append(region)
    }

    public func removeAll() {
        self.count = 0
    }

    /// Cuts the list to its first `byteCount` bytes; it must have that many.
    public func truncate(to byteCount: Int) {
        var left = byteCount
        var index = 0
        while left > 0 {
            precondition(index < self.count, "a region list is cut to more than it holds")
            let region = self.storage[index]
            if region.count > left { self.storage[index] = region.region(0..<left) }
            left -= min(left, region.count)
            index += 1
        }
        self.count = index
    }

    /// Copies the bytes from `offset` on, counted over all regions, to the start of `target`, which has room for them.
    public func copy(from offset: Int, to target: ByteRegion) {
        var skip = offset
        var copied = 0
        for index in 0..<self.count {
            let region = self.storage[index]
            if skip >= region.count {
                skip -= region.count
                continue
            }
            let part = region.suffix(from: skip)
            target.copy(part, to: copied)
            copied += part.count
            skip = 0
        }
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
