/// What libFuzzer hands over: a few bytes that steer the run, then the bytes that the parser gets.
public struct FuzzInput {
    public let steering: UInt8
    public let bytes: [UInt8]

    /// `nil` for inputs too short to steer anything.
    public init?(_ data: UnsafePointer<UInt8>, _ count: Int) {
        guard count >= 1 else { return nil }
        self.steering = data[0]
        self.bytes = Array(UnsafeBufferPointer(start: data + 1, count: count - 1))
    }

    /// Where to cut the bytes into segments, drawn from the input itself so that a run can be repeated.
    public var cuts: [Int] {
        var cuts: [Int] = []
        var (offset, state) = (0, UInt32(self.steering) &* 2_654_435_761 | 1)
        while true {
            state ^= state << 13
            state ^= state >> 17
            state ^= state << 5
            offset += 1 + Int(state % 7)
            if offset >= self.bytes.count { return cuts }
            cuts.append(offset)
        }
    }
}
