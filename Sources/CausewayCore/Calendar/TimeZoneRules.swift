/// The offsets of a time zone from UTC, at every time: read from a file of the tz database (RFC 9636).
public struct TimeZoneRules: Sendable {
    /// Why bytes are no time zone.
    public enum ParseError: Error, Equatable, Sendable {
        case truncated, malformed
        /// Leap seconds, which no civil clock here counts.
        case leapSeconds
    }

    /// Times at which another offset begins, in ascending order.
    private let transitions: [Int64]
    /// Seconds east of UTC from each transition on.
    private let offsets: [Int]
    /// The offset before the first transition.
    private let first: Int
    /// For the time after the last one.
    private let rule: POSIXTimeZone?

    /// UTC, at all times.
    public static let utc = TimeZoneRules(transitions: [], offsets: [], first: 0, rule: nil)

    private init(transitions: [Int64], offsets: [Int], first: Int, rule: POSIXTimeZone?) {
        (self.transitions, self.offsets, self.first, self.rule) = (transitions, offsets, first, rule)
    }

    /// Reads a whole file, of version 1 to 4.
    public init(parsing bytes: [UInt8]) throws(ParseError) {
        var block = try Block(bytes[...], timeWidth: 4)
        var rule: POSIXTimeZone?
        if block.version >= 0x32 {
            block = try Block(bytes[block.end...], timeWidth: 8)
            let footer = bytes[block.end...]
            guard footer.first == 0x0a, let end = footer.dropFirst().firstIndex(of: 0x0a) else { throw .truncated }
            let text = footer[(footer.startIndex + 1)..<end]
            if !text.isEmpty {
                guard let parsed = POSIXTimeZone(text) else { throw .malformed }
                rule = parsed
            }
        }
        self.init(transitions: block.transitions, offsets: block.offsets, first: block.first, rule: rule)
    }

    /// Seconds east of UTC that hold at `instant`, in seconds since 1970.
    public func offset(at instant: Int64) -> Int {
        // The first transition that is later.
        var low = 0
        var high = self.transitions.count
        while low < high {
            let middle = (low + high) / 2
            if self.transitions[middle] <= instant { low = middle + 1 } else { high = middle }
        }
        if low == self.transitions.count, let rule = self.rule { return rule.offset(at: instant) }
        return low == 0 ? self.first : self.offsets[low - 1]
    }

    /// The day on which `instant` is.
    public func date(of instant: Int64) -> CivilDate {
        let days = (instant &+ Int64(self.offset(at: instant))).flooredDivision(by: 86_400)
        return CivilDate(daysSinceEpoch: Int(days))
    }

    /// The first moment of `date`. Where clocks skip midnight it is the moment of the jump.
    public func start(of date: CivilDate) -> Int64 {
        let midnight = Int64(date.daysSinceEpoch) * 86_400
        // No zone is farther from UTC than 26 hours, nor changes twice within the two days that are looked at.
        var before = midnight - 26 * 3600
        var after = midnight + 26 * 3600
        guard self.date(of: before) < date else { return before }
        // The earliest moment that is not before the date: dates do not go back, but for an hour's repetition, of which
        // the first is found by looking at the offset on this side first.
        let early = midnight - Int64(self.offset(at: before))
        if self.date(of: early) == date, self.date(of: early - 1) < date { return early }
        while after - before > 1 {
            let middle = before + (after - before) / 2
            if self.date(of: middle) < date { before = middle } else { after = middle }
        }
        return after
    }

    /// One data block of a file.
    private struct Block {
        var version: UInt8
        var transitions: [Int64] = []
        var offsets: [Int] = []
        var first = 0
        /// The index behind it.
        var end: Int

        init(_ bytes: ArraySlice<UInt8>, timeWidth: Int) throws(ParseError) {
            let header = bytes.startIndex
            guard bytes.count >= 44 else { throw .truncated }
            guard bytes[header..<header + 4].elementsEqual("TZif".utf8) else { throw .malformed }
            self.version = bytes[header + 4]
            func count(_ number: Int) -> Int {
                Int(Self.integer(bytes[(header + 20 + 4 * number)..<(header + 24 + 4 * number)]))
            }
            let (isUT, isStandard, leaps, times, types, letters) =
                (count(0), count(1), count(2), count(3), count(4), count(5))
            guard [isUT, isStandard, leaps, times, types, letters].allSatisfy({ (0...100_000).contains($0) }) else {
                throw .malformed
            }
            let size = times * (timeWidth + 1) + types * 6 + letters + leaps * (timeWidth + 4) + isStandard + isUT
            guard bytes.count - 44 >= size else { throw .truncated }
            self.end = header + 44 + size
            // Of a file with a second block the first is only skipped.
            if timeWidth == 4, self.version >= 0x32 { return }
            guard leaps == 0 else { throw .leapSeconds }
            guard types >= 1 else { throw .malformed }
            let indices = header + 44 + times * timeWidth
            let records = indices + times
            func offset(of type: Int) -> Int {
                Int(Self.integer(bytes[(records + 6 * type)..<(records + 6 * type + 4)]))
            }
            self.first = offset(of: 0)
            for number in 0..<times {
                let place = header + 44 + number * timeWidth
                let time = Self.integer(bytes[place..<place + timeWidth])
                let type = Int(bytes[indices + number])
                guard type < types, self.transitions.last.map({ $0 < time }) ?? true else { throw .malformed }
                self.transitions.append(time)
                self.offsets.append(offset(of: type))
            }
            guard (self.offsets + [self.first]).allSatisfy({ abs($0) <= 26 * 3600 }) else { throw .malformed }
        }

        /// A big-endian number in two's complement.
        private static func integer(_ bytes: ArraySlice<UInt8>) -> Int64 {
            let value = bytes.reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            let shift = 64 - 8 * bytes.count
            return Int64(bitPattern: value << UInt64(shift)) >> Int64(shift)
        }
    }
}
