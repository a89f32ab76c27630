/// The classes of bytes that the text protocols are made of.
enum ASCII {
    static let tab = UInt8(ascii: "\t")
    static let lineFeed = UInt8(ascii: "\n")
    static let carriageReturn = UInt8(ascii: "\r")
    static let space = UInt8(ascii: " ")
    static let colon = UInt8(ascii: ":")

    static func isLetter(_ byte: UInt8) -> Bool {
        let lower = byte | 0x20
        return lower >= UInt8(ascii: "a") && lower <= UInt8(ascii: "z")
    }

    static func isDigit(_ byte: UInt8) -> Bool {
        byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
    }

    /// What a hexadecimal digit of either case stands for.
    static func hexValue(_ byte: UInt8) -> UInt8? {
        if Self.isDigit(byte) { return byte - UInt8(ascii: "0") }
        let lower = byte | 0x20
        guard lower >= UInt8(ascii: "a"), lower <= UInt8(ascii: "f") else { return nil }
        return lower - UInt8(ascii: "a") + 10
    }

    /// `tchar` of RFC 9110 section 5.6.2: what methods and field names are made of.
    static func isToken(_ byte: UInt8) -> Bool {
        if Self.isLetter(byte) || Self.isDigit(byte) { return true }
        switch byte {
        case UInt8(ascii: "!"), UInt8(ascii: "#"), UInt8(ascii: "$"), UInt8(ascii: "%"), UInt8(ascii: "&"),
            UInt8(ascii: "'"), UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."),
            UInt8(ascii: "^"), UInt8(ascii: "_"), UInt8(ascii: "`"), UInt8(ascii: "|"), UInt8(ascii: "~"):
            return true
        default:
            return false
        }
    }

    /// What may stand in a field value (RFC 9110 section 5.5): no control byte but the tab. Bytes beyond ASCII may.
    static func isFieldValue(_ byte: UInt8) -> Bool {
        byte >= 0x20 && byte != 0x7f || byte == Self.tab
    }

    /// What may stand in a request target: no space and no control byte. Bytes beyond ASCII may; clients send them.
    static func isTarget(_ byte: UInt8) -> Bool {
        byte > 0x20 && byte != 0x7f
    }

    /// `byte` in lower case.
    static func folded(_ byte: UInt8) -> UInt8 {
        byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z") ? byte | 0x20 : byte
    }

    /// Whether `bytes` are `lowercase` but for the case of their letters.
    static func matches(_ bytes: ArraySlice<UInt8>, _ lowercase: [UInt8]) -> Bool {
        guard bytes.count == lowercase.count else { return false }
        return zip(bytes, lowercase).allSatisfy { byte, expected in Self.folded(byte) == expected }
    }

    /// Whether both are the same but for the case of their letters.
    static func equal(_ left: ArraySlice<UInt8>, _ right: ArraySlice<UInt8>) -> Bool {
        guard left.count == right.count else { return false }
        return zip(left, right).allSatisfy { left, right in Self.folded(left) == Self.folded(right) }
    }
}
