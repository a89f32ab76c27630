/// Which packet numbers of a session were accepted: a ring of bits that moves with the highest one (RFC 6479).
///
/// Numbers come in any order; one that lies ``size`` or more behind the highest is too old to be told from a repetition,
/// and so is refused. The first may be any number. Checking and committing are apart, for nothing may be remembered of a
/// packet before all else about it was found to be good.
public struct ReplayWindow<let words: Int>: Sendable {
    /// Numbers behind the highest that are still told apart: all words but the one that is being filled.
    public static var size: UInt64 { UInt64(words - 1) * 64 }

    private var bits = InlineArray<words, UInt64>(repeating: 0)
    private var highest: UInt64 = 0
    private var isEmpty = true

    public init() {}

    /// Whether a packet of this number may be accepted.
    public func accepts(_ number: UInt64) -> Bool {
        if self.isEmpty || number > self.highest { return true }
        guard self.highest - number < Self.size else { return false }
        return self.bits[Self.place(number)] & Self.bit(number) == 0
    }

    /// Remembers the number of a packet that was accepted.
    public mutating func commit(_ number: UInt64) {
        if self.isEmpty {
            self.isEmpty = false
            self.highest = number
        } else if number > self.highest {
            // The words between, and the new one, are of a turn before.
            let steps = min(number / 64 - self.highest / 64, UInt64(words))
            for step in 0..<steps { self.bits[Self.place(number - 64 * step)] = 0 }
            self.highest = number
        }
        self.bits[Self.place(number)] |= Self.bit(number)
    }

    private static func place(_ number: UInt64) -> Int { Int(number / 64 % UInt64(words)) }
    private static func bit(_ number: UInt64) -> UInt64 { 1 << (number % 64) }
}

/// The window of a session: 2,048 packets.
public typealias PacketWindow = ReplayWindow<33>
