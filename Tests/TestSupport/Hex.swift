extension Array where Element == UInt8 {
    /// The bytes of lower-case or upper-case hexadecimal text; traps on anything else, since only tests write it.
    public init(hex: String) {
        let digits = hex.map { digit in
            guard let value = digit.hexDigitValue else { preconditionFailure("\(digit) is no hexadecimal digit") }
            return UInt8(value)
        }
        precondition(digits.count % 2 == 0, "half a byte at the end of \(hex)")
        self = stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
    }

    /// The bytes as lower-case hexadecimal text.
    public var hex: String {
        self.map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
    }
}
