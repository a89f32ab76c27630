/// Numbers from zero up, a bit each.
public struct NumberSet: Sendable {
    private var words: [UInt64] = []

    public init() {}

    /// Whether the number is new.
    public mutating func insert(_ number: Int) -> Bool {
        let (index, bit) = (number / 64, UInt64(1) << UInt64(number % 64))
        while self.words.count <= index { self.words.append(0) }
        guard self.words[index] & bit == 0 else { return false }
        self.words[index] |= bit
        return true
    }
}
