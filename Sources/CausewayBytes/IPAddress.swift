/// An IP address of either family, in host byte order.
///
/// IPv4-mapped IPv6 addresses (`::ffff:a.b.c.d`, RFC 4291 section 2.5.5.2) are made IPv4 where one is built from bytes
/// or text, so that one address has one value.
public enum IPAddress: Hashable, Sendable {
    case v4(UInt32)
    case v6(high: UInt64, low: UInt64)

    /// The address of 16 network-order bytes, an IPv4-mapped one as IPv4.
    public init(v6High high: UInt64, low: UInt64) {
        if high == 0, low >> 32 == 0xffff {
            self = .v4(UInt32(truncatingIfNeeded: low))
        } else {
            self = .v6(high: high, low: low)
        }
    }

    /// The address written as text: dotted decimal of four parts, or RFC 4291 section 2.2 in any of its forms, without
    /// a zone. `nil` for anything else (an IPv4 part with a leading zero is not guessed at).
    public init?(_ text: some StringProtocol) {
        if let address = Self.parseV4(text.utf8) {
            self = .v4(address)
        } else if let words = Self.parseV6(text.utf8) {
            let high = words[0..<4].reduce(UInt64(0)) { $0 << 16 | UInt64($1) }
            let low = words[4..<8].reduce(UInt64(0)) { $0 << 16 | UInt64($1) }
            self.init(v6High: high, low: low)
        } else {
            return nil
        }
    }

    public var isV4: Bool {
        switch self {
        case .v4: true
        case .v6: false
        }
    }
}

// MARK: - Text

extension IPAddress {
    private static func parseV4(_ text: some Collection<UInt8>) -> UInt32? {
        let parts = text.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var address: UInt32 = 0
        for part in parts {
            guard (1...3).contains(part.count), part.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else { return nil }
            guard part.count == 1 || part.first != 0x30 else { return nil }
            let value = part.reduce(UInt32(0)) { $0 * 10 + UInt32($1 - 0x30) }
            guard value <= 255 else { return nil }
            address = address << 8 | value
        }
        return address
    }

    /// Eight 16-bit words, or `nil`. At most one `::`, which stands for at least one word.
    private static func parseV6(_ text: some Collection<UInt8>) -> [UInt16]? {
        let bytes = Array(text)
        guard bytes.count >= 2, bytes.count <= 45, bytes.contains(UInt8(ascii: ":")) else { return nil }
        var gap: Range<Int>?
        for index in 0..<bytes.count - 1 where bytes[index] == 0x3a && bytes[index + 1] == 0x3a {
            guard gap == nil else { return nil }
            gap = index..<index + 2
        }
        guard let gap else {
            guard let words = Self.words(bytes[...], isTail: true), words.count == 8 else { return nil }
            return words
        }
        guard let head = Self.words(bytes[..<gap.lowerBound], isTail: false),
            let tail = Self.words(bytes[gap.upperBound...], isTail: true), head.count + tail.count <= 7
        else { return nil }
        return head + Array(repeating: 0, count: 8 - head.count - tail.count) + tail
    }

    /// The words of one side of a `::`; at the tail, and only there, a last part in dotted decimal gives two.
    private static func words(_ text: ArraySlice<UInt8>, isTail: Bool) -> [UInt16]? {
        guard !text.isEmpty else { return [] }
        var words: [UInt16] = []
        let parts = text.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        for (index, part) in parts.enumerated() {
            if isTail, index == parts.count - 1, let v4 = Self.parseV4(part) {
                words.append(UInt16(v4 >> 16))
                words.append(UInt16(truncatingIfNeeded: v4))
                continue
            }
            guard (1...4).contains(part.count) else { return nil }
            var word: UInt16 = 0
            for digit in part {
                guard let value = Character(UnicodeScalar(digit)).hexDigitValue else { return nil }
                word = word << 4 | UInt16(value)
            }
            words.append(word)
        }
        return words.count <= 8 ? words : nil
    }
}

extension IPAddress: CustomStringConvertible {
    /// Dotted decimal, or the canonical IPv6 form of RFC 5952.
    public var description: String {
        switch self {
        case .v4(let address):
            return "\(address >> 24).\(address >> 16 & 255).\(address >> 8 & 255).\(address & 255)"
        case .v6(let high, let low):
            let words = (0..<8).map { index in
                UInt16(truncatingIfNeeded: (index < 4 ? high : low) >> UInt64(48 - 16 * (index % 4)))
            }
            guard let run = Self.longestZeroRun(words) else { return Self.hex(words[...]) }
            return Self.hex(words[..<run.lowerBound]) + "::" + Self.hex(words[run.upperBound...])
        }
    }

    private static func hex(_ words: ArraySlice<UInt16>) -> String {
        words.map { String($0, radix: 16) }.joined(separator: ":")
    }

    /// The first of the longest runs of at least two zero words (RFC 5952 section 4.2).
    private static func longestZeroRun(_ words: [UInt16]) -> Range<Int>? {
        var best = 0..<1
        var start = 0
        for index in 0...8 {
            if index < 8, words[index] == 0 { continue }
            if index - start > best.count { best = start..<index }
            start = index + 1
        }
        return best.count >= 2 ? best : nil
    }
}
