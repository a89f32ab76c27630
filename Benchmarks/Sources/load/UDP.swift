import ArgumentParser
import LoadEngine

/// Datagrams to an echo and back.
struct UDP: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "udp",
        abstract: "UDP round trips: round trips per second, latency, CPU time per round trip."
    )

    @OptionGroup var common: CommonOptions
    @Option(help: "SOCKS5 UDP associations at once.") var associations = 16
    @Option(help: "Datagrams under way in each, at most 64.") var inFlight = 1
    @Option(help: "Bytes of payload, 8 to 1472.") var size = 64
    @Option(help: "Seconds to measure.") var seconds = 5.0
    @Option(help: "Seconds that run before.") var warmup = 1.0

    func validate() throws {
        let counts = RoundTrips.associationCounts
        guard counts.contains(self.associations) else {
            throw ValidationError("--associations must be 1…\(counts.upperBound)")
        }
        guard RoundTrips.flights.contains(self.inFlight) else { throw ValidationError("--in-flight must be 1…64") }
        guard RoundTrips.sizes.contains(self.size) else { throw ValidationError("--size must be 8…1472") }
    }

    func run() throws {
        let echo = try DatagramEcho()
        let near = try RoundTrips(
            associations: self.associations,
            inFlight: self.inFlight,
            size: self.size,
            target: echo.endpoint,
            proxy: self.common.socks
        )
        let load = try RunningDatagrams(near: near, echo: echo)
        let datagrams = near.datagrams
        load.wait(seconds: 10) { datagrams.arrived > 0 }
        load.wait(seconds: self.warmup)
        near.measure(true)
        let (start, before) = (try SpanStart(self.common.processes), RoundTripCounts(datagrams))
        load.wait(seconds: self.seconds)
        let (span, after) = (try start.end(), RoundTripCounts(datagrams))
        near.measure(false)
        load.stop()
        try UDPReport(
            size: self.size,
            associations: self.associations,
            inFlight: self.inFlight,
            counts: after - before,
            failed: FailedSessions(near.tally),
            latencies: near.latencies,
            span: span
        ).print(json: self.common.json)
    }
}

/// What had become of round trips at one moment, or became of them in a span.
struct RoundTripCounts: Codable {
    var completed: Int
    /// Those without an answer for a second.
    var lost: Int
    /// Answers that came later than that, or once more.
    var strays: Int

    init(_ tally: DatagramTally) {
        self.completed = tally.arrived
        self.lost = tally.lost
        self.strays = tally.strays
    }

    static func - (after: Self, before: Self) -> Self {
        var counts = after
        counts.completed -= before.completed
        counts.lost -= before.lost
        counts.strays -= before.strays
        return counts
    }
}

/// What round trips took.
struct UDPReport: Report {
    struct Use: Codable {
        let name: String
        let cpuMicrosecondsPerRoundTrip: Double
    }

    let scenario: String
    let size: Int
    let associations: Int
    let inFlight: Int
    let roundTrips: RoundTripCounts
    let roundTripsPerSecond: Double
    let latencyMilliseconds: Latency
    let processes: [Use]
    let failed: FailedSessions
    let span: MeasuredSpan

    init(
        size: Int,
        associations: Int,
        inFlight: Int,
        counts: RoundTripCounts,
        failed: FailedSessions,
        latencies: LatencyHistogram,
        span: MeasuredSpan
    ) {
        self.scenario = "udp"
        self.size = size
        self.associations = associations
        self.inFlight = inFlight
        self.roundTrips = counts
        self.roundTripsPerSecond = Double(counts.completed) / span.seconds
        self.latencyMilliseconds = Latency(latencies)
        self.processes = span.processes.map {
            Use(
                name: $0.name,
                cpuMicrosecondsPerRoundTrip: counts.completed > 0 ? $0.seconds * 1e6 / Double(counts.completed) : 0
            )
        }
        self.failed = failed
        self.span = span
    }

    // Datagrams may be lost: that is a figure, and no failure.
    var isSound: Bool { self.roundTrips.completed > 0 && self.failed.isNone }

    var text: [String] {
        let head = [
            "UDP, \(self.size) bytes, associations: \(self.associations), under way in each: \(self.inFlight),"
                + " \(self.roundTripsPerSecond.text) round trips per second",
            self.latencyMilliseconds.text,
        ]
        let uses = self.processes.map { "  \($0.name): \($0.cpuMicrosecondsPerRoundTrip.text) CPU µs/round trip" }
        let lost = "  lost: \(self.roundTrips.lost), too late or twice: \(self.roundTrips.strays)"
        return head + uses + [lost, self.failed.text] + self.span.text
    }
}
