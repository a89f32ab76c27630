import CausewayBytes
import CausewayCore
import Testing

/// Every test is a story on a virtual clock, in milliseconds: what is reported, and what is to be done then.
@Suite struct HappyEyeballsTests {
    enum Event: Sendable {
        /// The last number of each address: `10.0.0.n` or `fd00::n`.
        case answer(AddressFamily, [Int])
        case noAnswer(AddressFamily)
        case fails(Int)
        case succeeds(Int)
        case nothing
    }

    enum Todo: Equatable, Sendable {
        case connect(Int, AddressFamily, Int)
        case wait(Int)
        case waitForEvents
        case done(Int, closing: [Int])
        case failed(HappyEyeballs.Failure)
    }

    struct Step: Sendable {
        var at: Int
        var event: Event
        var todo: [Todo]

        init(_ at: Int, _ event: Event, _ todo: Todo...) {
            (self.at, self.event, self.todo) = (at, event, todo)
        }
    }

    private func address(_ family: AddressFamily, _ number: Int) -> IPAddress {
        switch family {
        case .v4: .v4(0x0a00_0000 + UInt32(number))
        case .v6: .v6(high: 0xfd << 56, low: UInt64(number))
        }
    }

    private func number(_ address: IPAddress) -> Int {
        switch address {
        case .v4(let ip): Int(ip & 0xff)
        case .v6(_, let low): Int(low)
        }
    }

    private func play(
        _ preference: HappyEyeballs.Preference,
        _ steps: [Step],
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        var race = HappyEyeballs(preference: preference)
        // Far from zero, so that nothing hangs on the clock's start.
        let start = Instant(nanoseconds: 1 << 60)
        for step in steps {
            let now = start + .milliseconds(step.at)
            switch step.event {
            case .answer(let family, let numbers):
                race.resolved(family, numbers.map { self.address(family, $0) }, now: now)
            case .noAnswer(let family): race.resolutionFailed(family, now: now)
            case .fails(let attempt): race.attemptFailed(attempt)
            case .succeeds(let attempt): race.attemptSucceeded(attempt)
            case .nothing: break
            }
            var todo: [Todo] = []
            asking: while todo.count < 20 {
                switch race.next(now: now) {
                case .connect(let attempt, let address):
                    todo.append(.connect(attempt, address.family, self.number(address)))
                    continue asking
                case .wait(let until): todo.append(.wait(Int((until - start).nanoseconds / 1_000_000)))
                case .waitForEvents: todo.append(.waitForEvents)
                case .done(let attempt): todo.append(.done(attempt, closing: Array(race.attemptsInProgress)))
                case .failed(let why): todo.append(.failed(why))
                }
                break
            }
            #expect(todo == step.todo, "at \(step.at) after \(step.event)", sourceLocation: sourceLocation)
        }
    }

    @Test func `one address is connected at once and is the connection`() {
        self.play(
            .ipv6,
            [
                Step(0, .nothing, .waitForEvents),
                Step(5, .noAnswer(.v6), .waitForEvents),
                Step(6, .answer(.v4, [1]), .connect(0, .v4, 1), .waitForEvents),
                Step(9, .succeeds(0), .done(0, closing: [])),
                Step(9, .nothing, .done(0, closing: [])),
            ]
        )
    }

    @Test func `IPv6 starts at once and IPv4 follows after the attempt delay`() {
        self.play(
            .ipv6,
            [
                Step(0, .answer(.v6, [1, 2]), .connect(0, .v6, 1), .wait(250)),
                Step(10, .answer(.v4, [1, 2]), .wait(250)),
                Step(249, .nothing, .wait(250)),
                Step(250, .nothing, .connect(1, .v4, 1), .wait(500)),
                Step(500, .nothing, .connect(2, .v6, 2), .wait(750)),
                Step(750, .nothing, .connect(3, .v4, 2), .waitForEvents),
                Step(800, .succeeds(1), .done(1, closing: [0, 2, 3])),
            ]
        )
    }

    @Test func `an early IPv4 answer waits 50 ms for IPv6`() {
        self.play(
            .ipv6,
            [
                Step(10, .answer(.v4, [1]), .wait(60)),
                Step(59, .answer(.v6, [1]), .connect(0, .v6, 1), .wait(309)),
                Step(309, .nothing, .connect(1, .v4, 1), .waitForEvents),
            ]
        )
    }

    @Test func `IPv4 starts after 50 ms and a late IPv6 answer is next`() {
        self.play(
            .ipv6,
            [
                Step(10, .answer(.v4, [1, 2]), .wait(60)),
                Step(60, .nothing, .connect(0, .v4, 1), .wait(310)),
                Step(100, .answer(.v6, [1]), .wait(310)),
                Step(310, .nothing, .connect(1, .v6, 1), .wait(560)),
                Step(560, .nothing, .connect(2, .v4, 2), .waitForEvents),
            ]
        )
    }

    @Test func `an early IPv4 answer waits no longer once IPv6 has failed`() {
        self.play(
            .ipv6,
            [
                Step(10, .answer(.v4, [1]), .wait(60)),
                Step(20, .noAnswer(.v6), .connect(0, .v4, 1), .waitForEvents),
            ]
        )
    }

    @Test func `a family that is preferred is the one that others wait for`() {
        self.play(
            .ipv4,
            [
                Step(10, .answer(.v6, [1]), .wait(60)),
                Step(30, .answer(.v4, [1]), .connect(0, .v4, 1), .wait(280)),
                Step(280, .nothing, .connect(1, .v6, 1), .waitForEvents),
            ]
        )
        self.play(
            .any,
            [
                Step(10, .answer(.v4, [1, 2]), .connect(0, .v4, 1), .wait(260)),
                Step(11, .answer(.v6, [1]), .wait(260)),
                Step(260, .nothing, .connect(1, .v6, 1), .wait(510)),
            ]
        )
    }

    @Test func `broken IPv6 costs no more than its failure`() {
        self.play(
            .ipv6,
            [
                Step(0, .answer(.v6, [1, 2]), .connect(0, .v6, 1), .wait(250)),
                Step(1, .answer(.v4, [1]), .wait(250)),
                Step(2, .fails(0), .connect(1, .v4, 1), .wait(252)),
                Step(9, .succeeds(1), .done(1, closing: [])),
            ]
        )
    }

    @Test func `an older attempt that fails does not hurry the next`() {
        self.play(
            .ipv6,
            [
                Step(0, .answer(.v6, [1, 2, 3]), .connect(0, .v6, 1), .wait(250)),
                Step(250, .nothing, .connect(1, .v6, 2), .wait(500)),
                Step(300, .fails(0), .wait(500)),
                Step(310, .fails(1), .connect(2, .v6, 3), .waitForEvents),
                Step(320, .noAnswer(.v4), .waitForEvents),
                Step(330, .fails(2), .failed(.noAnswer)),
            ]
        )
    }

    @Test func `a late answer revives a race whose attempts have all failed`() {
        self.play(
            .ipv6,
            [
                Step(0, .answer(.v6, [1]), .connect(0, .v6, 1), .waitForEvents),
                Step(5, .fails(0), .waitForEvents),
                Step(900, .answer(.v4, [1]), .connect(1, .v4, 1), .waitForEvents),
                Step(905, .fails(1), .failed(.noAnswer)),
            ]
        )
    }

    @Test func `no address at all is a failure of its own`() {
        self.play(
            .ipv6,
            [
                Step(0, .noAnswer(.v6), .waitForEvents),
                Step(1, .answer(.v4, []), .failed(.noAddress)),
                Step(2, .nothing, .failed(.noAddress)),
            ]
        )
    }

    @Test func `only eight attempts are made and both families have their share`() {
        self.play(
            .ipv6,
            [
                Step(0, .answer(.v4, [1, 2, 3, 4, 5, 6, 7, 8, 9]), .wait(50)),
                Step(0, .answer(.v6, [1, 2, 3, 4, 5, 6, 7, 8, 9]), .connect(0, .v6, 1), .wait(250)),
                Step(1, .fails(0), .connect(1, .v4, 1), .wait(251)),
                Step(2, .fails(1), .connect(2, .v6, 2), .wait(252)),
                Step(3, .fails(2), .connect(3, .v4, 2), .wait(253)),
                Step(4, .fails(3), .connect(4, .v6, 3), .wait(254)),
                Step(5, .fails(4), .connect(5, .v4, 3), .wait(255)),
                Step(6, .fails(5), .connect(6, .v6, 4), .wait(256)),
                Step(7, .fails(6), .connect(7, .v4, 4), .waitForEvents),
                Step(8, .fails(7), .failed(.noAnswer)),
            ]
        )
    }

    @Test func `reports that make no sense change nothing`() {
        self.play(
            .ipv6,
            [
                Step(0, .fails(0), .waitForEvents),
                Step(0, .succeeds(7), .waitForEvents),
                Step(0, .fails(-1), .waitForEvents),
                Step(0, .succeeds(64), .waitForEvents),
                Step(1, .answer(.v6, [1]), .connect(0, .v6, 1), .waitForEvents),
                Step(1, .answer(.v6, [2]), .waitForEvents),
                Step(1, .noAnswer(.v6), .waitForEvents),
                Step(2, .answer(.v4, [1]), .wait(251)),
                Step(251, .nothing, .connect(1, .v4, 1), .waitForEvents),
                Step(252, .succeeds(1), .done(1, closing: [0])),
                Step(253, .succeeds(0), .done(1, closing: [0])),
                Step(254, .fails(0), .done(1, closing: [])),
            ]
        )
    }
}
