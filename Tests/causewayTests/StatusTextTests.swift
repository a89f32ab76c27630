import CausewayAdmin
import Testing

@testable import causeway

@Suite struct StatusTextTests {
    @Test func `columns are as wide as they have to be`() {
        var table = Table([("name", .left), ("count", .right), ("note", .left)])
        table.append(["a", "1", ""])
        table.append(["longer", "1000000", "x"])
        table.append(["\u{1b}[32mup\u{1b}[0m"])
        #expect(
            table.lines() == [
                "name      count  note", "a             1", "longer  1000000  x", "\u{1b}[32mup\u{1b}[0m",
            ]
        )
    }

    @Test(
        arguments: [
            (0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (1536, "1.5 KiB"), (1 << 20, "1.0 MiB"),
            (5_368_709_120, "5.0 GiB"), (UInt64.max, "16.0 EiB"),
        ] as [(UInt64, String)]
    )
    func `bytes are told in a unit that fits`(count: UInt64, text: String) {
        #expect(Quantities.bytes(count) == text)
    }

    @Test(
        arguments: [
            (0, "0 s"), (59, "59 s"), (60, "1 min"), (61, "1 min 1 s"), (3_600, "1 h"), (3_661, "1 h 1 min"),
            (86_400, "1 d"), (90_061, "1 d 1 h"), (86_460, "1 d"),
        ] as [(UInt64, String)]
    )
    func `times are told in two units`(seconds: UInt64, text: String) {
        #expect(Quantities.time(seconds) == text)
    }

    @Test(
        arguments: [
            (0, "0 bit/s"), (999, "999 bit/s"), (1_000, "1.0 kbit/s"), (66_666_666, "66.7 Mbit/s"),
            (UInt64.max, "18446744.1 Tbit/s"),
        ] as [(UInt64, String)]
    )
    func `rates are told in a unit that fits`(bits: UInt64, text: String) {
        #expect(Quantities.rate(bits) == text)
    }

    @Test(arguments: [(0.004, "0.00 ms"), (0.84, "0.84 ms"), (12.34, "12.3 ms"), (153.25, "153 ms")])
    func `milliseconds have the digits that say something`(value: Double, text: String) {
        #expect(Quantities.milliseconds(value) == text)
    }

    @Test func `a status is a page of tables`() {
        let member = GroupStatus.Member(
            exit: "tokyo",
            state: "down",
            latencyMilliseconds: 153.2,
            sessions: 0,
            failures: 3,
            secondsInState: 61,
            reason: "refused"
        )
        let status = NodeStatus(
            version: "1.2",
            startedAt: 0,
            uptime: 60,
            loops: 2,
            aead: "OpenSSL",
            sessions: NodeStatus.Sessions(live: 1, limit: 10),
            listeners: [
                ListenerStatus(
                    name: "in",
                    type: "relay",
                    addresses: ["[::]:443"],
                    exit: nil,
                    sessions: 1,
                    total: 2,
                    refused: 3,
                    bytesUp: 4,
                    bytesDown: 2048
                )
            ],
            exits: [
                ExitStatus(
                    name: "tokyo",
                    type: "tunnel",
                    server: "a.example:1",
                    sessions: 1,
                    total: 2,
                    failures: 3,
                    bytesUp: 4,
                    bytesDown: 2048,
                    warm: ExitStatus.Warm(ready: 1, target: 2, maximum: 4, taken: 3, missed: 1)
                )
            ],
            groups: [GroupStatus(name: "abroad", policy: "failover", members: [member])],
            congestion: [
                CongestionStatus(
                    side: "exit",
                    name: "tokyo",
                    asked: "brutal",
                    inForce: "bbr",
                    reason: "the kernel has no brutal",
                    share: "link",
                    rate: 200_000_000,
                    ratePerSocket: 66_666_666,
                    isSharedByKernel: false,
                    sockets: 3,
                    retransmittedPerMille: 51.5,
                    roundTripMilliseconds: 153.25,
                    warnings: ["a window is small"]
                )
            ]
        )
        #expect(
            StatusText(status: status, hasColours: false).lines()
                == [
                    "causeway 1.2, up 1 min, 2 loops, OpenSSL, 1 of 10 sessions",
                    "",
                    "listeners",
                    "  name  type   address   exit  sessions  total  refused   up     down",
                    "  in    relay  [::]:443  -            1      2        3  4 B  2.0 KiB",
                    "",
                    "exits",
                    "  name   type    server       sessions  total  failures   up     down  warm  found",
                    "  tokyo  tunnel  a.example:1         1      2         3  4 B  2.0 KiB   1/4   75 %",
                    "",
                    "congestion control",
                    "  of    name   asked   in force        rate  for each     a socket  sockets  sent again  round trip",
                    "  exit  tokyo  brutal  bbr       200 Mbit/s  link      66.7 Mbit/s        3       5.2 %      153 ms",
                    "  tokyo: the kernel has no brutal",
                    "  tokyo: a window is small",
                    "",
                    "group abroad, failover",
                    "  exit   state    since  latency  sessions  last failure",
                    "  tokyo  down   1 min 1 s   153 ms         0  refused",
                ].map { $0.replacing("  exit   state    since", with: "  exit   state      since") }
        )
        let coloured = StatusText(status: status, hasColours: true).lines()
        #expect(coloured.contains { $0.contains("\u{1b}[31mdown\u{1b}[0m") })
    }
}
