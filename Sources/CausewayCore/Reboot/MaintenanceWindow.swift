/// When a machine may be taken away: days of the week and a time of the day, as clocks of a time zone show them.
public struct MaintenanceWindow: Equatable, Sendable {
    /// A day of the week, numbered as `CivilDate.weekday` does.
    public enum Day: String, CaseIterable, Sendable {
        case sun, mon, tue, wed, thu, fri, sat

        var weekday: Int { Self.allCases.firstIndex(of: self) ?? 0 }
    }

    /// Seconds of a day, without those that a change of the clock adds.
    public static let day = 86_400

    public let days: Set<Day>
    /// Seconds after midnight, 0..<`day`.
    public let from: Int
    /// Seconds after midnight, up to `day`. Not after `from`: of the next day.
    public let to: Int
    /// The name of the time zone.
    public let zone: String
    private let rules: TimeZoneRules

    public init(days: Set<Day>, from: Int, to: Int, zone: String, rules: TimeZoneRules) {
        (self.days, self.from, self.to, self.zone, self.rules) = (days, from, to, zone, rules)
    }

    /// Whether `instant`, in seconds since 1970, is within. A window over midnight is of the day on which it begins.
    public func contains(_ instant: Int64) -> Bool {
        let date = self.rules.date(of: instant)
        let local = instant + Int64(self.rules.offset(at: instant))
        let second = Int(local - Int64(date.daysSinceEpoch) * Int64(Self.day))
        if self.from < self.to {
            return self.isOpen(date.weekday) && (self.from..<self.to).contains(second)
        }
        if second >= self.from { return self.isOpen(date.weekday) }
        return second < self.to && self.isOpen((date.weekday + 6) % 7)
    }

    private func isOpen(_ weekday: Int) -> Bool { self.days.contains { $0.weekday == weekday } }

    public static func == (left: MaintenanceWindow, right: MaintenanceWindow) -> Bool {
        (left.days, left.from, left.to, left.zone) == (right.days, right.from, right.to, right.zone)
    }
}

extension MaintenanceWindow: CustomStringConvertible {
    /// `mon,tue 02:00-05:00 Europe/Berlin`.
    public var description: String {
        let days = Day.allCases.filter { self.days.contains($0) }.map(\.rawValue).joined(separator: ",")
        return "\(days) \(Self.time(self.from))-\(Self.time(self.to)) \(self.zone)"
    }

    /// The time written as `02:00`, up to `24:00`; `nil` for anything else.
    public static func seconds(_ text: String) -> Int? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2,
            parts.allSatisfy({ $0.utf8.count == 2 && $0.utf8.allSatisfy { (0x30...0x39).contains($0) } }),
            let hours = Int(parts[0]), let minutes = Int(parts[1]), minutes < 60
        else { return nil }
        let seconds = hours * 3600 + minutes * 60
        return seconds <= self.day ? seconds : nil
    }

    private static func time(_ seconds: Int) -> String {
        [seconds / 3600, seconds % 3600 / 60].map { $0 < 10 ? "0\($0)" : "\($0)" }.joined(separator: ":")
    }
}
