import ArgumentParser
import CausewayAdmin
import CausewayBytes
import CausewayConfig
import CausewayCore
import FoundationEssentials

/// The options that say what a user has bought.
struct PlanOptions: ParsableArguments {
    @Option(help: "Bytes per cycle, such as \"300 GB\"; none for no quota.")
    var quota: String?

    @Option(help: "When the quota begins anew: none, days:30 or monthly@1.")
    var cycle: String?

    @Option(help: "The time zone of the cycle's midnights, such as Europe/Berlin.")
    var zone: String?

    @Option(help: "Both directions' rate, such as \"100 Mbit/s\"; none for no limit.")
    var rate: String?

    @Option(help: "The rate towards targets; none for no limit.")
    var rateUp: String?

    @Option(help: "The rate towards the customer; none for no limit.")
    var rateDown: String?

    @Option(help: "Sessions at one time; none for no limit.")
    var connections: String?

    @Option(help: "Devices at one time; none for no limit.")
    var devices: String?

    @Option(
        help: "The last day in the user's zone, such as 2027-01-31, or how long from now, such as \"30 d\"; or never."
    )
    var expires: String?

    @Option(help: "Something for you to remember.")
    var note: String?

    /// Whether a last day of service is given, and not in which zone it ends.
    var namesDayWithoutZone: Bool { self.zone == nil && self.expires.flatMap { CivilDate($0) } != nil }

    /// Puts what was given into `change`.
    ///
    /// - Parameter zone: whose midnight ends a day where no other zone is given.
    func fill(_ change: inout UserChange, zone: String = "UTC") throws {
        change.quota = try Self.setting(self.quota, "--quota", "a number of bytes") { ByteCount($0)?.bytes }
        change.cycle = self.cycle
        change.zone = self.zone
        change.note = self.note
        let rate = try Self.rate(self.rate, "--rate")
        let up = try Self.rate(self.rateUp, "--rate-up")
        let down = try Self.rate(self.rateDown, "--rate-down")
        change.rateUp = up == .keep ? rate : up
        change.rateDown = down == .keep ? rate : down
        change.connections = try Self.setting(self.connections, "--connections", "a number") { Int($0) }
        change.devices = try Self.setting(self.devices, "--devices", "a number") { Int($0) }
        change.expires = try Self.setting(self.expires, "--expires", "a date, a length of time or \"never\"", "never") {
            self.time($0, zone: self.zone ?? zone)
        }
    }

    /// The end of a day in `zone`, or a moment so long from now.
    private func time(_ text: String, zone: String) -> Int64? {
        if let date = CivilDate(text) {
            let zone = TimeZoneFile.zone(zone) ?? .utc
            return zone.start(of: CivilDate(daysSinceEpoch: date.daysSinceEpoch + 1))
        }
        let now = Int64(Date().timeIntervalSince1970)
        return Interval(text).map { now + $0.nanoseconds / 1_000_000_000 }
    }

    private static func rate(_ text: String?, _ option: String) throws -> UserChange.Setting<UInt64> {
        try self.setting(text, option, "a rate such as \"100 Mbit/s\"") { BitRate($0)?.bitsPerSecond }
    }

    private static func setting<Value>(
        _ text: String?,
        _ option: String,
        _ wanted: String,
        _ none: String = "none",
        _ parse: (String) -> Value?
    ) throws -> UserChange.Setting<Value> {
        guard let text else { return .keep }
        if text == none { return .clear }
        guard let value = parse(text) else { throw ValidationError("\(option): \"\(text)\" is not \(wanted).") }
        return .set(value)
    }
}
