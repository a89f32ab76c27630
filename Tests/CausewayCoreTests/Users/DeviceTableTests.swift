import CausewayBytes
import CausewayCore
import Testing

/// A table that expectations can change.
private final class Box {
    private var table = DeviceTable()

    func admit(_ source: DeviceTable.Source, limit: Int, now: Instant) -> Bool {
        self.table.admit(source, limit: limit, now: now)
    }
    func touch(_ source: DeviceTable.Source, now: Instant) { self.table.touch(source, now: now) }
    func overdue(limit: Int, now: Instant) -> [DeviceTable.Source] { self.table.overdue(limit: limit, now: now) }
    func count(now: Instant) -> Int { self.table.count(now: now) }
}

@Suite struct DeviceTableTests {
    private func source(_ number: UInt32) -> DeviceTable.Source { DeviceTable.Source(.v4(number)) }
    private func at(_ seconds: Int) -> Instant { Instant(nanoseconds: 1_000_000_000) + .seconds(seconds) }

    @Test func `as many as are allowed, and a family behind one address is one`() {
        let table = Box()
        #expect(table.admit(self.source(1), limit: 2, now: self.at(0)))
        #expect(table.admit(self.source(2), limit: 2, now: self.at(0)))
        #expect(table.admit(self.source(1), limit: 2, now: self.at(1)))
        #expect(table.count(now: self.at(1)) == 2)
        let home = DeviceTable.Source(.v6(high: 5, low: 1))
        #expect(home == DeviceTable.Source(.v6(high: 5, low: 99)))
        #expect(home != DeviceTable.Source(.v6(high: 6, low: 1)))
    }

    @Test func `a phone that goes from one network to another is one device`() {
        let table = Box()
        #expect(table.admit(self.source(1), limit: 1, now: self.at(0)))
        // The old address falls silent, the new one is there at once.
        #expect(table.admit(self.source(2), limit: 1, now: self.at(1)))
        for second in stride(from: 2, through: 120, by: 2) {
            table.touch(self.source(2), now: self.at(second))
            #expect(table.overdue(limit: 1, now: self.at(second)) == [])
            #expect(table.admit(self.source(2), limit: 1, now: self.at(second)))
        }
        #expect(table.count(now: self.at(120)) == 1)
    }

    @Test func `one device too many has to go when its grace is over, and stays out`() {
        let table = Box()
        #expect(table.admit(self.source(1), limit: 1, now: self.at(0)))
        #expect(table.admit(self.source(2), limit: 1, now: self.at(1)))
        // A third one gets no grace of its own.
        #expect(!table.admit(self.source(3), limit: 1, now: self.at(2)))
        var gone: [DeviceTable.Source] = []
        for second in 3...70 {
            for number in [1, 2] as [UInt32] { table.touch(self.source(number), now: self.at(second)) }
            gone += table.overdue(limit: 1, now: self.at(second))
        }
        #expect(gone == [self.source(2)])
        #expect(!table.admit(self.source(2), limit: 1, now: self.at(71)))
        #expect(table.admit(self.source(1), limit: 1, now: self.at(71)))
        // The place is free once the first one has fallen silent.
        #expect(table.admit(self.source(2), limit: 1, now: self.at(102)))
    }

    @Test func `addresses by the thousand take no room`() {
        let table = Box()
        var admitted = 0
        for number in 0..<10_000 as Range<UInt32> where table.admit(self.source(number), limit: 3, now: self.at(0)) {
            admitted += 1
        }
        #expect(admitted == 4)
    }
}
