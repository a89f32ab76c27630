/// A number with a unit, as people write it: `300 GB`, `1.5 MiB`, `250 ms`.
///
/// Read exactly or not at all: `1.5 MiB` is 1572864 bytes, and `0.3 KiB`, which is no whole number of bytes, is refused.
enum Quantity {
    /// A unit's spelling and how many of the smallest unit it is.
    typealias Unit = (name: String, scale: UInt64)

    /// Digits behind the point that are read; more are surely a mistake, and so many still fit the arithmetic.
    static let maximumFractionDigits = 15

    /// The amount in the smallest unit. `nil` for any other writing, for what is no whole number of the smallest unit
    /// and for more than 64 bits. Between number and unit there may be spaces.
    static func parse(_ text: some StringProtocol, units: [Unit]) -> UInt64? {
        var rest = text.utf8[...]
        let whole = self.digits(&rest)
        guard (1...20).contains(whole.count) else { return nil }
        var fraction: [UInt8] = []
        if rest.first == UInt8(ascii: ".") {
            rest = rest.dropFirst()
            fraction = self.digits(&rest)
            guard (1...self.maximumFractionDigits).contains(fraction.count) else { return nil }
        }
        rest = rest.drop { $0 == UInt8(ascii: " ") }
        guard let unit = units.first(where: { $0.name.utf8.elementsEqual(rest) }) else { return nil }
        // 35 digits and a scale below 2^57 are beyond 128 bits: the multiplication may overflow, and says so.
        let number = (whole + fraction).reduce(UInt128(0)) { $0 * 10 + UInt128($1) }
        let (product, overflow) = number.multipliedReportingOverflow(by: UInt128(unit.scale))
        let divisor = fraction.reduce(UInt128(1)) { power, _ in power * 10 }
        guard !overflow, product % divisor == 0 else { return nil }
        return UInt64(exactly: product / divisor)
    }

    /// The shortest exact writing: the unit, of those that divide the amount, that leaves the smallest number; the
    /// earlier where two do.
    static func text(_ amount: UInt64, units: [Unit]) -> String {
        let fitting = units.filter { amount % $0.scale == 0 }
        guard let unit = fitting.min(by: { amount / $0.scale < amount / $1.scale }) else { return "\(amount)" }
        return "\(amount / unit.scale) \(unit.name)"
    }

    /// The values of the leading decimal digits, which are taken off `text`.
    private static func digits<Text: Collection<UInt8>>(_ text: inout Text) -> [UInt8] where Text.SubSequence == Text {
        let digits = text.prefix { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
        text = text.dropFirst(digits.count)
        return digits.map { $0 - UInt8(ascii: "0") }
    }
}
