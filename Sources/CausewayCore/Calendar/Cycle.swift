/// When a plan's quota begins anew.
public enum Cycle: Hashable, Sendable {
    /// Never.
    case none
    /// At midnight, every so many days from the day on which the user was added: 1...`maximumDays`.
    case days(Int)
    /// At midnight of a day of the month, 1...31; of its last day where it has fewer.
    case monthly(day: Int)

    public static let maximumDays = 3660

    /// When the cycle began that `now` is in; `nil` where there are none.
    ///
    /// - Parameters:
    ///   - now: seconds since 1970, as all times here.
    ///   - anchor: when the user was added.
    ///   - zone: whose midnights count.
    public func start(containing now: Int64, anchor: Int64, in zone: TimeZoneRules) -> Int64? {
        let today = zone.date(of: now)
        switch self {
        case .none: return nil
        case .days(let count):
            let origin = zone.date(of: anchor).daysSinceEpoch
            let passed = Int(Int64(today.daysSinceEpoch - origin).flooredDivision(by: Int64(count)))
            return self.latest(at: now, of: [passed + 1, passed, passed - 1].map { origin + $0 * count }, in: zone)
        case .monthly(let day):
            let month = today.year * 12 + today.month - 1
            return self.latest(at: now, of: [month + 1, month, month - 1].map { Self.day(day, of: $0) }, in: zone)
        }
    }

    /// When the cycle after the one that began at `start` begins; `nil` where there is none.
    public func next(after start: Int64, anchor: Int64, in zone: TimeZoneRules) -> Int64? {
        let date = zone.date(of: start)
        let candidates: [Int]
        switch self {
        case .none: return nil
        case .days(let count):
            let origin = zone.date(of: anchor).daysSinceEpoch
            let passed = Int(Int64(date.daysSinceEpoch - origin).flooredDivision(by: Int64(count)))
            candidates = [passed, passed + 1, passed + 2].map { origin + $0 * count }
        case .monthly(let day):
            let month = date.year * 12 + date.month - 1
            candidates = [month, month + 1, month + 2].map { Self.day(day, of: $0) }
        }
        return candidates.lazy.map { zone.start(of: CivilDate(daysSinceEpoch: $0)) }.first { $0 > start }
    }

    /// The latest of the days' beginnings that has come; `days` descend.
    private func latest(at now: Int64, of days: [Int], in zone: TimeZoneRules) -> Int64? {
        days.lazy.map { zone.start(of: CivilDate(daysSinceEpoch: $0)) }.first { $0 <= now }
    }

    /// Day `day`, or the last one, of a month counted from the year 0, in days since 1970.
    private static func day(_ day: Int, of month: Int) -> Int {
        let year = min(max(month / 12, 1), 9999)
        let number = month % 12 + 1
        let date = CivilDate(year: year, month: number, day: min(day, CivilDate.days(inMonth: number, of: year)))
        return date?.daysSinceEpoch ?? 0
    }
}

extension Cycle: CustomStringConvertible {
    /// The cycle written as `none`, `days:30` or `monthly@1`; `nil` for anything else.
    public init?(_ text: some StringProtocol) {
        func number(behind prefix: String, upTo limit: Int) -> Int? {
            guard text.hasPrefix(prefix) else { return nil }
            let digits = text.dropFirst(prefix.count)
            guard (1...4).contains(digits.utf8.count), digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
                let number = Int(digits)
            else { return nil }
            return (1...limit).contains(number) ? number : nil
        }
        if text == "none" {
            self = .none
        } else if let count = number(behind: "days:", upTo: Self.maximumDays) {
            self = .days(count)
        } else if let day = number(behind: "monthly@", upTo: 31) {
            self = .monthly(day: day)
        } else {
            return nil
        }
    }

    public var description: String {
        switch self {
        case .none: "none"
        case .days(let count): "days:\(count)"
        case .monthly(let day): "monthly@\(day)"
        }
    }
}
