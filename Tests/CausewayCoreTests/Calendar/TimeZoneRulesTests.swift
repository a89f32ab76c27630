import CausewayCore
import TestSupport
import Testing

@Suite struct TimeZoneRulesTests {
    static let zones = [
        "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Africa/Casablanca", "Pacific/Apia",
        "America/St_Johns", "Asia/Tokyo", "Europe/Dublin", "America/Santiago", "Africa/Cairo", "Asia/Beirut",
        "Asia/Gaza", "Antarctica/Troll", "Pacific/Kiritimati", "Asia/Shanghai",
    ]

    /// What date(1) says of the offsets, all at once.
    private static func offsets(_ zone: String, at instants: [Int64]) throws -> [Int] {
        let directory = try TemporaryDirectory()
        let path = try directory.write(instants.map { "@\($0)" }.joined(separator: "\n"), to: "instants")
        let result = try Command.run(["date", "-f", path, "+%::z"], environment: ["TZ": zone])
        return String(decoding: result.output, as: UTF8.self).split(separator: "\n").map { line in
            let parts = line.dropFirst().split(separator: ":").compactMap { Int($0) }
            let seconds = zip(parts, [3600, 60, 1]).reduce(0) { $0 + $1.0 * $1.1 }
            return line.first == "-" ? -seconds : seconds
        }
    }

    @Test(arguments: zones)
    func `offsets are the system's, from 1900 to 2100`(zone: String) throws {
        let rules = try ZoneFile.rules(zone)
        var random = SeededGenerator(seed: 5)
        let instants = (0..<2_000).map { _ in Int64.random(in: -2_208_988_800...4_102_444_800, using: &random) }
        let expected = try Self.offsets(zone, at: instants)
        #expect(expected.count == instants.count)
        for (instant, offset) in zip(instants, expected) {
            #expect(rules.offset(at: instant) == offset, "\(instant)")
        }
    }

    @Test(arguments: zones)
    func `a day begins with its first moment`(zone: String) throws {
        let rules = try ZoneFile.rules(zone)
        for days in stride(from: 8_000, to: 25_000, by: 1) {
            let date = CivilDate(daysSinceEpoch: days)
            let start = rules.start(of: date)
            // A day that the zone has skipped begins with the next one.
            #expect(rules.date(of: start) >= date && rules.date(of: start - 1) < date, "\(date)")
        }
    }

    @Test func `no truncated file crashes or is taken for whole`() throws {
        let bytes = try ZoneFile.bytes("Europe/Berlin")
        for count in 0..<bytes.count {
            #expect(throws: TimeZoneRules.ParseError.self) { try TimeZoneRules(parsing: Array(bytes[..<count])) }
        }
        #expect(throws: Never.self) { try TimeZoneRules(parsing: bytes) }
    }

    @Test func `no changed file crashes`() throws {
        let bytes = try ZoneFile.bytes("Australia/Lord_Howe")
        var random = SeededGenerator(seed: 6)
        for _ in 0..<20_000 {
            var changed = bytes
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                changed[Int.random(in: 0..<changed.count, using: &random)] = UInt8.random(
                    in: .min ... .max,
                    using: &random
                )
            }
            if let rules = try? TimeZoneRules(parsing: changed) { _ = rules.date(of: 4_000_000_000) }
        }
    }
}
