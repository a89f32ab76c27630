/// The rule for the time after the last transition of a time zone file (RFC 9636 section 3.3, POSIX.1 `TZ`): a standard
/// time and, where the zone has one, a daylight-saving time with the days on which it begins and ends.
struct POSIXTimeZone: Sendable {
    /// When within a year one time gives way to the other.
    enum Day: Sendable {
        /// 1...365, which never counts 29 February.
        case julian(Int)
        /// 0...365, which counts it.
        case zeroBased(Int)
        /// Weekday `day` of week 1...5 of a month, where 5 is the last.
        case month(Int, week: Int, day: Int)
    }

    struct Change: Sendable {
        var day: Day
        /// Seconds from the local midnight, -167...167 hours.
        var time = 7200
    }

    /// Seconds east of UTC.
    let standard: Int
    private let daylight: (offset: Int, begin: Change, end: Change)?

    /// The rule written in `text`; `nil` for what is none.
    init?(_ text: some Collection<UInt8>) {
        var parser = Parser(rest: Array(text)[...])
        guard parser.name(), let standard = parser.time(hours: 24) else { return nil }
        self.standard = -standard
        if parser.rest.isEmpty {
            self.daylight = nil
            return
        }
        guard parser.name() else { return nil }
        var offset = self.standard + 3600
        if parser.rest.first != UInt8(ascii: ",") {
            guard let time = parser.time(hours: 24) else { return nil }
            offset = -time
        }
        guard let begin = parser.change(), let end = parser.change(), parser.rest.isEmpty else { return nil }
        self.daylight = (offset, begin, end)
    }

    /// The offset in force, in seconds east of UTC.
    func offset(at instant: Int64) -> Int {
        guard let daylight = self.daylight else { return self.standard }
        let year = CivilDate(daysSinceEpoch: Int((instant &+ Int64(self.standard)).flooredDivision(by: 86_400))).year
        let begin = Self.instant(of: daylight.begin, in: year, offset: self.standard)
        let end = Self.instant(of: daylight.end, in: year, offset: daylight.offset)
        let isDaylight =
            begin < end ? instant >= begin && instant < end : instant >= begin || instant < end
        return isDaylight ? daylight.offset : self.standard
    }

    private static func instant(of change: Change, in year: Int, offset: Int) -> Int64 {
        guard let first = CivilDate(year: year, month: 1, day: 1) else { return 0 }
        let days: Int
        switch change.day {
        case .julian(let day):
            days = first.daysSinceEpoch + day - 1 + (CivilDate.isLeap(year) && day >= 60 ? 1 : 0)
        case .zeroBased(let day): days = first.daysSinceEpoch + day
        case .month(let month, let week, let weekday):
            guard let start = CivilDate(year: year, month: month, day: 1) else { return 0 }
            var day = 1 + (weekday - start.weekday + 7) % 7 + (week - 1) * 7
            if day > CivilDate.days(inMonth: month, of: year) { day -= 7 }
            days = start.daysSinceEpoch + day - 1
        }
        return Int64(days) * 86_400 + Int64(change.time) - Int64(offset)
    }

    /// Takes the parts of a rule off its beginning.
    private struct Parser {
        var rest: ArraySlice<UInt8>

        /// An abbreviation: letters, or anything between `<` and `>`.
        mutating func name() -> Bool {
            if self.rest.first == UInt8(ascii: "<") {
                guard let end = self.rest.firstIndex(of: UInt8(ascii: ">")) else { return false }
                let isName = end - self.rest.startIndex > 3
                self.rest = self.rest[(end + 1)...]
                return isName
            }
            let letters = self.rest.prefix { ($0 | 0x20) >= 0x61 && ($0 | 0x20) <= 0x7a }
            self.rest = self.rest.dropFirst(letters.count)
            return letters.count >= 3
        }

        /// `[+-]h[h[h]][:mm[:ss]]` in seconds.
        mutating func time(hours: Int) -> Int? {
            let isNegative = self.take("-")
            if !isNegative { _ = self.take("+") }
            guard let hour = self.number(upTo: hours) else { return nil }
            var seconds = hour * 3600
            if self.take(":") {
                guard let minute = self.number(upTo: 59) else { return nil }
                seconds += minute * 60
                if self.take(":") {
                    guard let second = self.number(upTo: 59) else { return nil }
                    seconds += second
                }
            }
            return isNegative ? -seconds : seconds
        }

        mutating func change() -> Change? {
            guard self.take(","), let day = self.day() else { return nil }
            var change = Change(day: day)
            if self.take("/") {
                guard let time = self.time(hours: 167) else { return nil }
                change.time = time
            }
            return change
        }

        private mutating func day() -> Day? {
            if self.take("M") {
                guard let month = self.number(upTo: 12), month >= 1, self.take("."), let week = self.number(upTo: 5),
                    week >= 1, self.take("."), let day = self.number(upTo: 6)
                else { return nil }
                return .month(month, week: week, day: day)
            }
            if self.take("J") {
                guard let day = self.number(upTo: 365), day >= 1 else { return nil }
                return .julian(day)
            }
            return self.number(upTo: 365).map { .zeroBased($0) }
        }

        private mutating func number(upTo limit: Int) -> Int? {
            let digits = self.rest.prefix(4).prefix { $0 >= 0x30 && $0 <= 0x39 }
            guard !digits.isEmpty else { return nil }
            self.rest = self.rest.dropFirst(digits.count)
            let number = digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }
            return number <= limit ? number : nil
        }

        private mutating func take(_ character: Unicode.Scalar) -> Bool {
            guard self.rest.first == UInt8(ascii: character) else { return false }
            self.rest = self.rest.dropFirst()
            return true
        }
    }
}

extension Int64 {
    /// The quotient rounded down, also below zero.
    func flooredDivision(by divisor: Int64) -> Int64 {
        let (quotient, remainder) = self.quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? quotient - 1 : quotient
    }
}
