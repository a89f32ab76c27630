import ArgumentParser
import LoadEngine

/// One stream of datagrams at an even rate.
struct UDPStream: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "udp-stream",
        abstract: "A UDP stream at a fixed rate, to an echo and back: how much of it arrives each way."
    )

    @OptionGroup var common: CommonOptions
    @Option(help: "Mbit/s of payload.") var megabits = 200.0
    @Option(help: "Bytes of payload in each datagram, 8 to 1472.") var size = 1200
    @Flag(help: "Up only: the far end sends nothing back.") var oneWay = false
    @Option(help: "Seconds to measure.") var seconds = 5.0
    @Option(help: "Seconds that run before.") var warmup = 1.0

    func validate() throws {
        guard RoundTrips.sizes.contains(self.size) else { throw ValidationError("--size must be 8…1472") }
        guard self.megabits > 0 else { throw ValidationError("--megabits must be above 0") }
    }

    func run() throws {
        let echo = try DatagramEcho(answers: !self.oneWay)
        let near = DatagramStream(
            bitsPerSecond: self.megabits * 1e6,
            size: self.size,
            target: echo.endpoint,
            proxy: self.common.socks
        )
        let load = try RunningDatagrams(near: near, echo: echo)
        load.wait(seconds: self.warmup)
        near.measure(true)
        let start = try SpanStart(self.common.processes)
        load.wait(seconds: self.seconds)
        let span = try start.end()
        near.measure(false)
        // The stream goes on meanwhile, so that the last datagrams that count meet what the others met.
        let (sent, back) = (near.datagrams, echo.tally)
        load.wait(seconds: 1) { self.oneWay ? back.arrived >= sent.sent : sent.arrived >= sent.sent }
        load.stop()
        try UDPStreamReport(
            size: self.size,
            up: Passage(sent: sent.sent, arrived: back.arrived),
            down: self.oneWay ? nil : Passage(sent: back.sent, arrived: sent.arrived),
            strays: sent.strays,
            failed: FailedSessions(near.tally),
            span: span
        ).print(json: self.common.json)
    }
}

/// The datagrams that went one way.
struct Passage: Codable {
    let sent: Int
    let arrived: Int
    let lossPercent: Double

    init(sent: Int, arrived: Int) {
        self.sent = sent
        self.arrived = arrived
        self.lossPercent = sent > 0 ? Double(sent - arrived) * 100 / Double(sent) : 0
    }

    var text: String { "\(self.arrived) of \(self.sent) arrived, \(self.lossPercent.text) % lost" }
}

/// What became of a stream.
struct UDPStreamReport: Report {
    struct Use: Codable {
        let name: String
        let cpuMicrosecondsPerDatagram: Double
    }

    let scenario: String
    let size: Int
    /// What was sent, which is less than what was asked for where the generator did not get its turn.
    let megabitsPerSecond: Double
    let up: Passage
    let down: Passage?
    let strays: Int
    let processes: [Use]
    let failed: FailedSessions
    let span: MeasuredSpan

    init(size: Int, up: Passage, down: Passage?, strays: Int, failed: FailedSessions, span: MeasuredSpan) {
        self.scenario = "udp-stream"
        self.size = size
        self.megabitsPerSecond = Double(up.sent * size) * 8 / 1e6 / span.seconds
        self.up = up
        self.down = down
        self.strays = strays
        self.processes = span.processes.map {
            Use(name: $0.name, cpuMicrosecondsPerDatagram: up.sent > 0 ? $0.seconds * 1e6 / Double(up.sent) : 0)
        }
        self.failed = failed
        self.span = span
    }

    var isSound: Bool { self.up.arrived > 0 && self.failed.isNone }

    var text: [String] {
        let head = "UDP stream, \(self.size) bytes, \(self.megabitsPerSecond.text) Mbit/s"
        let down = self.down.map { ["  down: \($0.text), twice: \(self.strays)"] } ?? []
        let uses = self.processes.map { "  \($0.name): \($0.cpuMicrosecondsPerDatagram.text) CPU µs/datagram sent" }
        return [head, "  up: \(self.up.text)"] + down + uses + [self.failed.text] + self.span.text
    }
}
