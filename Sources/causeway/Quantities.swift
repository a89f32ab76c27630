/// Numbers for people.
enum Quantities {
    /// A count of bytes in the largest binary unit that it fills, with one digit behind the point: `1.5 GiB`.
    static func bytes(_ count: UInt64) -> String {
        let units = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]
        guard count >= 1024 else { return "\(count) B" }
        var value = Double(count) / 1024
        var unit = 0
        while value >= 1024, unit + 1 < units.count {
            value /= 1024
            unit += 1
        }
        return "\(self.decimal(value, digits: 1)) \(units[unit])"
    }

    /// Bits per second in the largest decimal unit that they fill, with one digit behind the point: `66.7 Mbit/s`.
    static func rate(_ bits: UInt64) -> String {
        let units = ["bit/s", "kbit/s", "Mbit/s", "Gbit/s", "Tbit/s"]
        var (value, unit) = (Double(bits), 0)
        while value >= 1000, unit + 1 < units.count {
            value /= 1000
            unit += 1
        }
        return "\(self.decimal(value, digits: unit == 0 ? 0 : 1)) \(units[unit])"
    }

    /// A length of time in its two largest units: `3 d 4 h`.
    static func time(_ seconds: UInt64) -> String {
        let units: [(UInt64, String)] = [(86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")]
        var rest = seconds
        var parts: [String] = []
        for (size, name) in units {
            let count = rest / size
            rest %= size
            if count > 0 { parts.append("\(count) \(name)") } else if !parts.isEmpty { break }
            if parts.count == 2 { break }
        }
        return parts.isEmpty ? "0 s" : parts.joined(separator: " ")
    }

    /// Milliseconds with as many digits as say something: `0.84 ms`, `12.3 ms`, `153 ms`.
    static func milliseconds(_ value: Double) -> String {
        let digits = value < 1 ? 2 : value < 100 ? 1 : 0
        return "\(self.decimal(value, digits: digits)) ms"
    }

    /// `value`, which is not below zero, rounded to so many digits behind the point.
    private static func decimal(_ value: Double, digits: Int) -> String {
        let scale = (0..<digits).reduce(1) { scale, _ in scale * 10 }
        let scaled = UInt64((value * Double(scale)).rounded())
        guard digits > 0 else { return "\(scaled)" }
        let fraction = String(scaled % UInt64(scale))
        return "\(scaled / UInt64(scale)).\(String(repeating: "0", count: digits - fraction.count))\(fraction)"
    }
}
