import CausewayBytes
import CausewayCore
import Testing

@Suite struct NameCacheTests {
    private let start = Instant(nanoseconds: 1 << 60)
    private let addresses: [IPAddress] = [.v4(0x0102_0304), .v4(0x0506_0708)]

    private func name(_ text: String) throws -> DomainName { try #require(DomainName(text.utf8)) }

    @Test func `an answer is found under every spelling of its name`() throws {
        var cache = NameCache()
        cache.store(
            self.addresses,
            for: try self.name("Example.com."),
            family: .v4,
            timeToLive: .seconds(60),
            now: self.start
        )
        #expect(
            try cache.answer(for: self.name("exAMPLE.com"), family: .v4, now: self.start) == .addresses(self.addresses)
        )
        #expect(try cache.answer(for: self.name("example.com"), family: .v6, now: self.start) == nil)
        #expect(try cache.answer(for: self.name("example.org"), family: .v4, now: self.start) == nil)
        #expect(cache.count == 1)
    }

    @Test(arguments: [(-1, 5), (0, 5), (4, 5), (5, 5), (60, 60), (300, 300), (301, 300), (1 << 31, 300)])
    func `an answer expires at its time, within bounds`(given: Int, kept: Int) throws {
        var cache = NameCache()
        let name = try self.name("a")
        cache.store(self.addresses, for: name, family: .v4, timeToLive: .seconds(given), now: self.start)
        let last = self.start + Interval(nanoseconds: Interval.seconds(kept).nanoseconds - 1)
        #expect(cache.answer(for: name, family: .v4, now: last) == .addresses(self.addresses))
        #expect(cache.answer(for: name, family: .v4, now: self.start + .seconds(kept)) == nil)
    }

    @Test func `a negative answer is kept for five seconds and beside the other family`() throws {
        var cache = NameCache()
        let name = try self.name("a")
        cache.store(self.addresses, for: name, family: .v4, timeToLive: .seconds(60), now: self.start)
        cache.storeNegative(for: name, family: .v6, now: self.start)
        let both = cache.answers(for: name, now: self.start)
        #expect(both.v4 == .addresses(self.addresses))
        #expect(both.v6 == .negative)
        #expect(cache.answer(for: name, family: .v6, now: self.start + .milliseconds(4_999)) == .negative)
        #expect(cache.answer(for: name, family: .v6, now: self.start + .seconds(5)) == nil)
        #expect(cache.answer(for: name, family: .v4, now: self.start + .seconds(5)) == .addresses(self.addresses))
        cache.store([], for: name, family: .v4, timeToLive: .seconds(60), now: self.start)
        #expect(cache.answer(for: name, family: .v4, now: self.start) == .negative)
    }

    @Test func `more addresses than would be tried are not kept`() throws {
        var cache = NameCache()
        let many = (1...100).map { IPAddress.v4($0) }
        cache.store(many, for: try self.name("a"), family: .v4, timeToLive: .seconds(60), now: self.start)
        #expect(try cache.answer(for: self.name("a"), family: .v4, now: self.start) == .addresses(Array(many[..<8])))
    }

    @Test func `names that are asked for stay and the others make room`() throws {
        var cache = NameCache(capacity: 8)
        for number in 0..<8 { cache.storeNegative(for: try self.name("n\(number)"), family: .v4, now: self.start) }
        for number in 8..<100 {
            #expect(try cache.answer(for: self.name("n0"), family: .v4, now: self.start) == .negative)
            #expect(try cache.answer(for: self.name("n5"), family: .v4, now: self.start) == .negative)
            cache.storeNegative(for: try self.name("n\(number)"), family: .v4, now: self.start)
            #expect(cache.count == 8)
            #expect(try cache.answer(for: self.name("n\(number - 8)"), family: .v6, now: self.start) == nil)
        }
        #expect(try cache.answer(for: self.name("n0"), family: .v4, now: self.start) == .negative)
        #expect(try cache.answer(for: self.name("n99"), family: .v4, now: self.start) == .negative)
        #expect(try cache.answer(for: self.name("n50"), family: .v4, now: self.start) == nil)
    }

    @Test func `a cache whose names are all in use still takes a new one`() throws {
        var cache = NameCache(capacity: 3)
        for number in 0..<3 {
            cache.storeNegative(for: try self.name("n\(number)"), family: .v4, now: self.start)
            #expect(try cache.answer(for: self.name("n\(number)"), family: .v4, now: self.start) == .negative)
        }
        cache.storeNegative(for: try self.name("new"), family: .v4, now: self.start)
        #expect(try cache.answer(for: self.name("new"), family: .v4, now: self.start) == .negative)
        #expect(cache.count == 3)
    }

    @Test func `forgets everything when told`() throws {
        var cache = NameCache(capacity: 1)
        cache.storeNegative(for: try self.name("a"), family: .v4, now: self.start)
        cache.removeAll()
        #expect(try cache.answer(for: self.name("a"), family: .v4, now: self.start) == nil)
        #expect(cache.count == 0)
        cache.storeNegative(for: try self.name("b"), family: .v4, now: self.start)
        #expect(try cache.answer(for: self.name("b"), family: .v4, now: self.start) == .negative)
    }

    @Test func `a cache for no names keeps none`() throws {
        var cache = NameCache(capacity: 0)
        let name = try #require(DomainName("a.example".utf8))
        let now = Instant(nanoseconds: 0)
        cache.store([.v4(1)], for: name, family: .v4, timeToLive: .seconds(60), now: now)
        cache.storeNegative(for: name, family: .v6, now: now)
        #expect(cache.answer(for: name, family: .v4, now: now) == nil)
        #expect(cache.answer(for: name, family: .v6, now: now) == nil)
    }
}
