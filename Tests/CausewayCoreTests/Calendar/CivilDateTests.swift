import CausewayCore
import Testing

@Suite struct CivilDateTests {
    @Test(arguments: [
        ("1970-01-01", 0), ("1969-12-31", -1), ("2000-02-29", 11_016), ("2026-11-24", 20_781), ("2100-03-01", 47_541),
        ("0001-01-01", -719_162), ("9999-12-31", 2_932_896),
    ])
    func `days are counted from 1970`(text: String, days: Int) {
        let date = CivilDate(text)
        #expect(date?.daysSinceEpoch == days)
        #expect(CivilDate(daysSinceEpoch: days) == date)
        #expect(date?.description == text)
    }

    @Test func `every day of four centuries has its own number and the weekday after the last one's`() {
        var previous = CivilDate(daysSinceEpoch: -100_000)
        for days in -99_999...60_000 {
            let date = CivilDate(daysSinceEpoch: days)
            #expect(date.daysSinceEpoch == days && previous < date && date.weekday == (previous.weekday + 1) % 7)
            previous = date
        }
    }

    @Test(arguments: [
        "2026-02-31", "2025-02-29", "1900-02-29", "2026-13-01", "2026-00-01", "2026-01-00", "2026-1-1", "26-01-01",
        "2026-04-31", "0000-01-01", "2026-01-01 ", "+026-01-01", "2026--1-01", "", "2026-01", "2026-01-01-01",
    ])
    func `what is no day is none`(text: String) {
        #expect(CivilDate(text) == nil)
    }
}
