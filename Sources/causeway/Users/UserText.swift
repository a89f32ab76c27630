import CausewayAdmin
import CausewayBytes
import FoundationEssentials

/// Users for people.
enum UserText {
    /// Characters of a bar.
    private static let barWidth = 20

    static func table(_ users: [UserStatus]) -> [String] {
        var table = Table([
            ("name", .left), ("state", .left), ("used", .right), ("of", .right), ("", .left), ("cycle ends", .left),
            ("rate", .right), ("sessions", .right), ("devices", .right),
        ])
        for user in users {
            let limit = user.quota.map { $0 + user.topUp }
            table.append([
                user.name, user.state, self.bytes(user.used), limit.map { self.bytes($0) } ?? "-",
                limit.map { self.bar(user.used, of: $0) } ?? "", user.cycleEnd.map { self.time($0) } ?? "-",
                (user.rateDown ?? user.rateUp).map { BitRate(bitsPerSecond: $0).description } ?? "-",
                self.count(user.connections, of: user.connectionLimit),
                user.deviceLimit.map { self.count(user.devices ?? 0, of: $0) } ?? "-",
            ])
        }
        return table.lines()
    }

    static func lines(_ user: UserStatus) -> [String] {
        let limit = user.quota.map { $0 + user.topUp }
        var rows: [(String, String)] = [("name", user.name), ("state", user.state)]
        if !user.note.isEmpty { rows.append(("note", user.note)) }
        if let limit {
            rows.append(("used", "\(self.bytes(user.used)) of \(self.bytes(limit))  \(self.bar(user.used, of: limit))"))
        } else {
            rows.append(("used", self.bytes(user.used)))
        }
        if user.topUp > 0 { rows.append(("top-up", self.bytes(user.topUp))) }
        rows.append(("up, down", "\(self.bytes(user.usedUp)), \(self.bytes(user.usedDown))"))
        rows.append(("cycle", user.cycle == "none" ? "none" : "\(user.cycle) \(user.zone)"))
        if let end = user.cycleEnd { rows.append(("ends", self.time(end))) }
        rows.append(("expires", user.expires.map { self.time($0) } ?? "never"))
        rows.append(("rate up", user.rateUp.map { BitRate(bitsPerSecond: $0).description } ?? "no limit"))
        rows.append(("rate down", user.rateDown.map { BitRate(bitsPerSecond: $0).description } ?? "no limit"))
        rows.append(("sessions", self.count(user.connections, of: user.connectionLimit)))
        if let limit = user.deviceLimit { rows.append(("devices", self.count(user.devices ?? 0, of: limit))) }
        rows.append(("keys", "\(user.keys)\(user.hasPassword ? " and a password" : "")"))
        if user.declared { rows.append(("listed", "in the configuration")) }
        let width = (rows.map(\.0.count).max() ?? 0) + 1
        return rows.map { name, value in name + String(repeating: " ", count: width - name.count + 1) + value }
    }

    static func periods(_ report: UsageReport) -> [String] {
        var table = Table([
            ("from", .left), ("to", .left), ("up", .right), ("down", .right), ("total", .right), ("", .left),
        ])
        let most = report.periods.map { $0.up + $0.down }.max() ?? 0
        for period in report.periods {
            let total = period.up + period.down
            table.append([
                self.time(period.start), self.time(period.end), self.bytes(period.up), self.bytes(period.down),
                self.bytes(total), self.bar(total, of: period.quota ?? most),
            ])
        }
        return table.lines()
    }

    static func report(_ changed: UserChanged, json: Bool) throws {
        if json { return try JSONText.print(changed) }
        if changed.changes.isEmpty { print("\(changed.user.name): nothing is different") }
        for line in changed.changes { print("\(changed.user.name): \(line)") }
    }

    /// A moment in UTC.
    static func time(_ seconds: Int64) -> String {
        Date(timeIntervalSince1970: Double(seconds)).formatted(.iso8601)
    }

    /// Bytes in the decimal units that plans are sold in.
    static func bytes(_ count: UInt64) -> String {
        let units = ["B", "kB", "MB", "GB", "TB", "PB", "EB"]
        var value = Double(count)
        var unit = 0
        while value >= 999.95, unit + 1 < units.count {
            value /= 1000
            unit += 1
        }
        guard unit > 0 else { return "\(count) B" }
        let tenths = UInt64((value * 10).rounded())
        return "\(tenths / 10).\(tenths % 10) \(units[unit])"
    }

    private static func bar(_ part: UInt64, of whole: UInt64) -> String {
        guard whole > 0 else { return "" }
        let share = min(Double(part) / Double(whole), 1)
        let full = Int((share * Double(self.barWidth)).rounded(.down))
        let bar = String(repeating: "█", count: full) + String(repeating: "░", count: self.barWidth - full)
        return "\(bar) \(Int((share * 100).rounded(.down))) %"
    }

    private static func count(_ count: Int, of limit: Int?) -> String {
        limit.map { "\(count) of \($0)" } ?? "\(count)"
    }
}
