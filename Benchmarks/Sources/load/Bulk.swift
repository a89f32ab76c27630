import ArgumentParser
import LoadEngine

/// Streams without end, one way, for some seconds or some bytes.
struct Bulk: ParsableCommand {
    enum Direction: String, ExpressibleByArgument, Codable { case down, up }

    static let configuration = CommandConfiguration(abstract: "Bulk transfer: Gbit/s and CPU seconds per GiB.")

    @OptionGroup var common: CommonOptions
    @Option(help: "Which way: down from a source, or up to a sink.") var direction: Direction
    @Option(help: "Streams at once.") var streams = 1
    @Option(help: "Seconds to measure.") var seconds = 5.0
    @Option(help: "End earlier, after so many bytes.") var bytes = Int.max
    @Option(help: "Seconds that run before.") var warmup = 1.0
    @Flag(help: "Compare every byte with what was sent. Costs the generator a copy.") var verify = false

    func run() throws {
        let work: Clients.Work
        switch self.direction {
        case .down: work = .download(streams: self.streams)
        case .up: work = .upload(streams: self.streams)
        }
        let load = try RunningLoad(work, proxy: self.common.socks, verify: self.verify) { targets in
            switch self.direction {
            case .down: [targets.source]
            case .up: [targets.sink]
            }
        }
        let arrivals = self.direction == .down ? load.clients.tally : load.targets.tally
        load.wait(seconds: 10) { arrivals.bytes > 0 }
        load.wait(seconds: self.warmup)
        let (start, before) = (try SpanStart(self.common.processes), arrivals.bytes)
        load.wait(seconds: self.seconds) { arrivals.bytes - before >= self.bytes }
        let (span, after) = (try start.end(), arrivals.bytes)
        load.stop()
        try BulkReport(
            direction: self.direction,
            streams: self.streams,
            bytes: after - before,
            failed: FailedSessions(load.clients.tally, load.targets.tally),
            span: span
        ).print(json: self.common.json)
    }
}

/// What a bulk transfer took.
struct BulkReport: Report {
    struct Use: Codable {
        let name: String
        let cpuSecondsPerGiB: Double
    }

    let scenario: String
    let direction: Bulk.Direction
    let streams: Int
    let bytes: Int
    let gigabitsPerSecond: Double
    let processes: [Use]
    let failed: FailedSessions
    let span: MeasuredSpan

    init(direction: Bulk.Direction, streams: Int, bytes: Int, failed: FailedSessions, span: MeasuredSpan) {
        let gibibytes = Double(bytes) / Double(1 << 30)
        self.scenario = "bulk"
        self.direction = direction
        self.streams = streams
        self.bytes = bytes
        self.gigabitsPerSecond = Double(bytes) * 8 / 1e9 / span.seconds
        self.processes = span.processes.map {
            Use(name: $0.name, cpuSecondsPerGiB: gibibytes > 0 ? $0.seconds / gibibytes : 0)
        }
        self.failed = failed
        self.span = span
    }

    var isSound: Bool { self.bytes > 0 && self.failed.isNone }

    var text: [String] {
        let head = "bulk \(self.direction.rawValue), streams: \(self.streams), \(self.gigabitsPerSecond.text) Gbit/s"
        let uses = self.processes.map { "  \($0.name): \($0.cpuSecondsPerGiB.text) CPU s/GiB" }
        return [head] + uses + [self.failed.text] + self.span.text
    }
}
