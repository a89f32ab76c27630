import ArgumentParser
import LoadEngine

/// Connections one after the other, a few bytes each way.
struct Short: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Short connections: connections per second, latency, CPU time per connection."
    )

    @OptionGroup var common: CommonOptions
    @Option(help: "Connections at once.") var atOnce = 64
    @Option(help: "Bytes each way, at most 16384.") var size = 64
    @Option(help: "Streams that download meanwhile, without end.") var bulk = 0
    @Option(help: "Seconds to measure.") var seconds = 5.0
    @Option(help: "Seconds that run before.") var warmup = 1.0

    func validate() throws {
        guard (1...16384).contains(self.size) else { throw ValidationError("--size must be 1…16384") }
    }

    func run() throws {
        let work = Clients.Work.exchange(atOnce: self.atOnce, size: self.size)
        let streams =
            self.bulk > 0
            ? try RunningLoad(.download(streams: self.bulk), proxy: self.common.socks, to: { [$0.source] }) : nil
        let load = try RunningLoad(work, proxy: self.common.socks) { $0.echoes }
        let tally = load.clients.tally
        load.wait(seconds: self.warmup)
        load.clients.measure(true)
        let (start, before) = (try SpanStart(self.common.processes), tally.completed)
        load.wait(seconds: self.seconds)
        let (span, after) = (try start.end(), tally.completed)
        load.clients.measure(false)
        load.stop()
        streams?.stop()
        try ShortReport(
            connections: after - before,
            failed: streams.map { FailedSessions(tally, $0.clients.tally) } ?? FailedSessions(tally),
            latencies: load.clients.latencies,
            span: span
        ).print(json: self.common.json)
    }
}

/// What short connections took.
struct ShortReport: Report {
    struct Use: Codable {
        let name: String
        let cpuMicrosecondsPerConnection: Double
    }

    let scenario: String
    let connections: Int
    let connectionsPerSecond: Double
    let latencyMilliseconds: Latency
    let processes: [Use]
    let failed: FailedSessions
    let span: MeasuredSpan

    init(connections: Int, failed: FailedSessions, latencies: LatencyHistogram, span: MeasuredSpan) {
        self.scenario = "short"
        self.connections = connections
        self.connectionsPerSecond = Double(connections) / span.seconds
        self.latencyMilliseconds = Latency(latencies)
        self.processes = span.processes.map {
            Use(
                name: $0.name,
                cpuMicrosecondsPerConnection: connections > 0 ? $0.seconds * 1e6 / Double(connections) : 0
            )
        }
        self.failed = failed
        self.span = span
    }

    var isSound: Bool { self.connections > 0 && self.failed.isNone }

    var text: [String] {
        let head = [
            "short connections: \(self.connectionsPerSecond.text) per second",
            self.latencyMilliseconds.text,
        ]
        let uses = self.processes.map { "  \($0.name): \($0.cpuMicrosecondsPerConnection.text) CPU µs/connection" }
        return head + uses + [self.failed.text] + self.span.text
    }
}
