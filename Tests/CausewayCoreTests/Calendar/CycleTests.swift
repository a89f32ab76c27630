import CausewayCore
import TestSupport
import Testing

@Suite struct CycleTests {
    private static let cycles: [Cycle] = [
        .monthly(day: 1), .monthly(day: 15), .monthly(day: 29), .monthly(day: 30), .monthly(day: 31), .days(1),
        .days(7),
        .days(30), .days(365),
    ]

    @Test(arguments: [("none", Cycle.none), ("days:30", .days(30)), ("monthly@31", .monthly(day: 31))])
    func `reads and writes`(text: String, cycle: Cycle) {
        #expect(Cycle(text) == cycle && cycle.description == text)
    }

    @Test(arguments: ["", "monthly", "monthly@0", "monthly@32", "days:0", "days:3661", "days:+1", "days:1.5", "weekly"])
    func `refuses what is no cycle`(text: String) {
        #expect(Cycle(text) == nil)
    }

    @Test(arguments: TimeZoneRulesTests.zones)
    func `cycles follow each other without gap or overlap, in every zone`(zone: String) throws {
        let rules = try ZoneFile.rules(zone)
        var random = SeededGenerator(seed: 9)
        for cycle in Self.cycles {
            let anchor = Int64.random(in: 1_600_000_000...1_800_000_000, using: &random)
            for _ in 0..<60 {
                let now = Int64.random(in: 1_500_000_000...2_500_000_000, using: &random)
                guard let start = cycle.start(containing: now, anchor: anchor, in: rules),
                    let next = cycle.next(after: start, anchor: anchor, in: rules)
                else {
                    Issue.record("\(cycle) has no start at \(now)")
                    continue
                }
                #expect(start <= now && now < next, "\(cycle) \(now)")
                #expect(cycle.start(containing: start, anchor: anchor, in: rules) == start)
                #expect(cycle.start(containing: next - 1, anchor: anchor, in: rules) == start)
                #expect(cycle.start(containing: next, anchor: anchor, in: rules) == next)
            }
        }
    }

    @Test func `the 31st is the last day of shorter months`() throws {
        let rules = try ZoneFile.rules("Europe/Berlin")
        var start = rules.start(of: try #require(CivilDate("2023-12-31")))
        var days: [String] = []
        for _ in 0..<4 {
            start = try #require(Cycle.monthly(day: 31).next(after: start, anchor: 0, in: rules))
            days.append(rules.date(of: start).description)
        }
        #expect(days == ["2024-01-31", "2024-02-29", "2024-03-31", "2024-04-30"])
    }

    @Test func `a cycle begins at the zone's midnight, daylight saving or not`() throws {
        let rules = try ZoneFile.rules("America/New_York")
        let winter = try #require(Cycle.monthly(day: 1).start(containing: 1_769_904_000, anchor: 0, in: rules))
        let summer = try #require(Cycle.monthly(day: 1).start(containing: 1_785_000_000, anchor: 0, in: rules))
        // 2026-01-01 05:00 UTC and 2026-07-01 04:00 UTC.
        #expect(winter == 1_767_243_600 && summer == 1_782_878_400)
    }
}
