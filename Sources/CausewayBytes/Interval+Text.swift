extension Interval: CustomStringConvertible {
    private static let units: [Quantity.Unit] = [
        ("ns", 1), ("us", 1_000), ("ms", 1_000_000), ("s", 1_000_000_000), ("min", 60_000_000_000),
        ("h", 3_600_000_000_000), ("d", 86_400_000_000_000),
    ]

    /// The length written with a unit: `30 s`, `250 ms`, `1.5 min`, `1 h`. `nil` for anything else, for a part of a
    /// nanosecond and for more than 292 years.
    public init?(_ text: some StringProtocol) {
        guard let nanoseconds = Quantity.parse(text, units: Self.units).flatMap(Int64.init(exactly:)) else {
            return nil
        }
        self.init(nanoseconds: nanoseconds)
    }

    /// The shortest exact writing. A length that is not negative reads back as itself.
    public var description: String {
        (self.nanoseconds < 0 ? "-" : "") + Quantity.text(self.nanoseconds.magnitude, units: Self.units)
    }
}
