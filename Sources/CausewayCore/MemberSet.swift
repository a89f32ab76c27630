/// Some of the members of a group, by their numbers 0..<64.
public struct MemberSet: Equatable, Sendable {
    private var bits: UInt64 = 0

    /// None.
    public init() {}

    public var isEmpty: Bool { self.bits == 0 }

    public var count: Int { self.bits.nonzeroBitCount }

    public func contains(_ number: Int) -> Bool { self.bits >> UInt64(number) & 1 == 1 }

    /// Adds member `number`, which is one of 0..<64.
    public mutating func insert(_ number: Int) {
        precondition(number >= 0 && number < 64)
        self.bits |= 1 << UInt64(number)
    }
}
