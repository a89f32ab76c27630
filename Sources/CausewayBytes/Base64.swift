/// Base64 (RFC 4648), strict: one text for one sequence of bytes, and no other text is read.
///
/// White space, missing or surplus padding and set bits in the last digit that stand for no byte are refused, so that a
/// key cannot be written in two ways.
public enum Base64 {
    /// The bytes of standard base64 with padding (RFC 4648 section 4); `nil` for anything else. Empty text is no bytes.
    public static func decode(_ text: some StringProtocol) -> [UInt8]? {
        var digits = Array(text.utf8)
        guard digits.count % 4 == 0 else { return nil }
        var padding = 0
        while padding < 2, digits.last == UInt8(ascii: "=") {
            digits.removeLast()
            padding += 1
        }
        guard (digits.count + padding) % 4 == 0, digits.isEmpty == (digits.count + padding == 0) else { return nil }
        return self.bytes(of: digits, digit62: UInt8(ascii: "+"), digit63: UInt8(ascii: "/"))
    }

    /// The bytes of base64url (RFC 4648 section 5), which is written with its padding or wholly without; `nil` for
    /// anything else.
    public static func decodeURL(_ text: some StringProtocol) -> [UInt8]? {
        var digits = Array(text.utf8)
        if digits.count % 4 == 0 {
            for _ in 0..<2 where digits.last == UInt8(ascii: "=") { digits.removeLast() }
        }
        return self.bytes(of: digits, digit62: UInt8(ascii: "-"), digit63: UInt8(ascii: "_"))
    }

    /// The standard base64 of `bytes`, with padding.
    public static func encode(_ bytes: some Collection<UInt8>) -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        var digits: [UInt8] = []
        digits.reserveCapacity((bytes.count + 2) / 3 * 4)
        var group: UInt32 = 0
        var held = 0
        for byte in bytes {
            group = group << 8 | UInt32(byte)
            held += 1
            guard held == 3 else { continue }
            for shift in [18, 12, 6, 0] as [UInt32] { digits.append(alphabet[Int(group >> shift & 63)]) }
            group = 0
            held = 0
        }
        if held > 0 {
            group <<= UInt32(8 * (3 - held))
            for index in 0...held { digits.append(alphabet[Int(group >> UInt32(18 - 6 * index) & 63)]) }
            digits.append(contentsOf: repeatElement(UInt8(ascii: "="), count: 3 - held))
        }
        return String(decoding: digits, as: UTF8.self)
    }

    /// The bytes of digits without padding.
    private static func bytes(of digits: [UInt8], digit62: UInt8, digit63: UInt8) -> [UInt8]? {
        // One digit over carries six bits, which is no byte.
        guard digits.count % 4 != 1 else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(digits.count / 4 * 3 + 2)
        var bits: UInt32 = 0
        var count = 0
        for digit in digits {
            guard let value = self.value(of: digit, digit62: digit62, digit63: digit63) else { return nil }
            bits = bits << 6 | value
            count += 6
            guard count >= 8 else { continue }
            count -= 8
            bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
            bits &= (1 << UInt32(count)) - 1
        }
        // What is left over stands for no byte, and only zeros are canonical (RFC 4648 section 3.5).
        return bits == 0 ? bytes : nil
    }

    private static func value(of digit: UInt8, digit62: UInt8, digit63: UInt8) -> UInt32? {
        switch digit {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(digit - UInt8(ascii: "A"))
        case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(digit - UInt8(ascii: "a")) + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(digit - UInt8(ascii: "0")) + 52
        case digit62: 62
        case digit63: 63
        default: nil
        }
    }
}
