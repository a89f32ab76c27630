/// Counts of durations in buckets whose width grows with the duration: 64 to every doubling, so a quantile is at most
/// 1.6 % too large, and any duration up to centuries has its place in 30 KiB.
public struct LatencyHistogram: Sendable {
    private static let bits = 6
    private var counts = [UInt64](repeating: 0, count: 59 << LatencyHistogram.bits)

    /// How many durations were recorded.
    public private(set) var count: UInt64 = 0
    /// The longest one, exactly.
    public private(set) var longest: Int64 = 0

    public init() {}

    /// Counts one duration, in nanoseconds; what is below zero counts as zero.
    public mutating func record(_ nanoseconds: Int64) {
        let value = UInt64(max(0, nanoseconds))
        self.counts[Self.bucket(of: value)] += 1
        self.count += 1
        self.longest = max(self.longest, Int64(value))
    }

    /// The duration that the given share (0…1) of all does not exceed, in nanoseconds; `nil` when there are none.
    public func quantile(_ share: Double) -> Int64? {
        guard self.count > 0 else { return nil }
        let rank = max(1, UInt64((share * Double(self.count)).rounded(.up)))
        var seen: UInt64 = 0
        for (bucket, count) in self.counts.enumerated() {
            seen += count
            if seen >= rank { return min(Int64(Self.upperBound(of: bucket)), self.longest) }
        }
        return self.longest
    }

    /// Below 128 the bucket is the value; above, the exponent and the six bits after the leading one.
    private static func bucket(of value: UInt64) -> Int {
        let shift = max(0, 63 - value.leadingZeroBitCount - self.bits)
        return shift << self.bits + Int(value >> UInt64(shift))
    }

    /// The largest value that falls into a bucket.
    private static func upperBound(of bucket: Int) -> UInt64 {
        let shift = max(0, bucket >> self.bits - 1)
        let top = UInt64(bucket - shift << self.bits)
        return (top + 1) << UInt64(shift) - 1
    }
}
