/// The one spelling under which names are compared, cached and asked for.
extension DomainName {
    /// The longest name that DNS carries, written without the final dot (RFC 1035 section 2.3.4).
    public static let maximumHostnameCount = 253
    /// The longest label (RFC 1035 section 2.3.4).
    public static let maximumLabelCount = 63

    /// The name in lower case and without the final dot; `nil` for the root, which is nobody's host.
    ///
    /// Case means nothing in DNS (RFC 4343) and a final dot only says that no search list applies, which is never
    /// applied here. A name that is canonical already is returned as it is, without a copy.
    public var canonical: DomainName? {
        let hasFinalDot = self.bytes.last == UInt8(ascii: ".")
        guard hasFinalDot || self.bytes.contains(where: { $0 >= 0x41 && $0 <= 0x5a }) else { return self }
        return DomainName((hasFinalDot ? self.bytes.dropLast() : self.bytes[...]).map(DomainName.lowercased))
    }

    /// `byte` in lower case if it is an ASCII letter.
    @inlinable
    public static func lowercased(_ byte: UInt8) -> UInt8 {
        byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte
    }

    /// Whether the name can be asked for as a host: labels of 1 to 63 letters, digits, hyphens and underscores, 253
    /// bytes in all, and a last label that is not a number.
    ///
    /// Anything else would be an escape to some resolver (a backslash), an address in disguise (`127.1`, `0x7f.1`,
    /// read by some libraries as loopback) or cannot be encoded at all. Underscores are no hostname by RFC 952, but
    /// are found in real ones.
    public var isHostname: Bool {
        let bytes = self.bytes.last == UInt8(ascii: ".") ? self.bytes.dropLast() : self.bytes[...]
        guard bytes.count <= Self.maximumHostnameCount else { return false }
        var start = 0
        for (index, byte) in zip(bytes.indices, bytes) {
            switch Self.lowercased(byte) {
            case UInt8(ascii: "."):
                guard index > start else { return false }
                start = index + 1
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"),
                UInt8(ascii: "_"):
                guard index - start < Self.maximumLabelCount else { return false }
            default:
                return false
            }
        }
        return start < bytes.count && !Self.isNumber(bytes[start...])
    }

    /// Whether a label is a number to those who parse addresses loosely: decimal, octal, or hexadecimal after `0x`.
    private static func isNumber(_ label: ArraySlice<UInt8>) -> Bool {
        if label.count >= 2, label.first == UInt8(ascii: "0"), self.lowercased(label[label.startIndex + 1]) == 0x78 {
            return label.dropFirst(2).allSatisfy { Character(UnicodeScalar($0)).isHexDigit }
        }
        return label.allSatisfy { $0 >= 0x30 && $0 <= 0x39 }
    }
}
