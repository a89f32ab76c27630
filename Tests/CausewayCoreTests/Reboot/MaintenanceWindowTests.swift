import Testing

@testable import CausewayCore

@Suite struct MaintenanceWindowTests {
    private typealias Window = MaintenanceWindow

    /// Seconds since 1970 of a time on a day of November 2026, UTC. The 26th is a Thursday.
    private func at(_ day: Int, _ hours: Int, _ minutes: Int = 0) throws -> Int64 {
        let date = try #require(CivilDate(year: 2026, month: 11, day: day))
        return Int64(date.daysSinceEpoch) * 86_400 + Int64(hours * 3600 + minutes * 60)
    }

    private func window(_ days: Set<Window.Day>, _ from: String, _ to: String, rules: TimeZoneRules = .utc) throws
        -> Window
    {
        Window(
            days: days,
            from: try #require(Window.seconds(from)),
            to: try #require(Window.seconds(to)),
            zone: "UTC",
            rules: rules
        )
    }

    @Test(arguments: [
        (26, 1, 59, false), (26, 2, 0, true), (26, 4, 59, true), (26, 5, 0, false), (25, 3, 0, false),
        (27, 3, 0, false),
    ])
    func `a window is open from its beginning to its end, on its days`(day: Int, hour: Int, minute: Int, isOpen: Bool)
        throws
    {
        let window = try self.window([.thu], "02:00", "05:00")
        #expect(window.contains(try self.at(day, hour, minute)) == isOpen)
        #expect("\(window)" == "thu 02:00-05:00 UTC")
    }

    @Test(arguments: [
        (26, 22, true), (26, 23, true), (27, 0, true), (27, 1, true), (27, 2, false), (26, 1, false), (27, 23, false),
        (26, 21, false),
    ])
    func `over midnight it is of the day on which it begins`(day: Int, hour: Int, isOpen: Bool) throws {
        let window = try self.window([.thu], "22:00", "02:00")
        #expect(window.contains(try self.at(day, hour)) == isOpen)
    }

    @Test func `of one time alone it is a whole day`() throws {
        let window = try self.window([.thu], "06:00", "06:00")
        let open = [try self.at(26, 6), try self.at(27, 5, 59)]
        let closed = [try self.at(27, 6), try self.at(26, 5, 59)]
        #expect(open.allSatisfy(window.contains) && !closed.contains(where: window.contains))
        let civil = try self.window([.thu], "00:00", "24:00")
        let times = [try self.at(26, 0), try self.at(26, 23, 59), try self.at(27, 0)]
        #expect(times.map(civil.contains) == [true, true, false])
    }

    @Test func `clocks are those of the zone`() throws {
        let berlin = try TimeZoneRules(parsing: try ZoneFile.bytes("Europe/Berlin"))
        let window = try self.window([.thu], "00:00", "01:00", rules: berlin)
        let times = [try self.at(25, 23, 30), try self.at(26, 0, 30)]
        #expect(times.map(window.contains) == [true, false])
    }

    @Test(arguments: ["", "2:00", "02", "02:0", "02:60", "24:01", "25:00", "-1:00", "02:00:00", "0a:00", "+2:00"])
    func `what is no time of the day is none`(text: String) {
        #expect(Window.seconds(text) == nil)
    }
}
