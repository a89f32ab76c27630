import ArgumentParser
import FoundationEssentials
import LoadEngine

/// What a scenario found, as text for people and as JSON for the runner.
protocol Report: Encodable {
    /// Whether the load ran as it was meant to: only then do the figures mean anything.
    var isSound: Bool { get }
    /// The lines for people.
    var text: [String] { get }
}

extension Report {
    /// Prints the report; ends with a failure when it is not sound.
    func print(json: Bool) throws {
        if json {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys]
            Swift.print(String(decoding: try encoder.encode(self), as: UTF8.self))
        } else {
            for line in self.text { Swift.print(line) }
        }
        if !self.isSound { throw ExitCode(2) }
    }
}

/// The sessions that failed, by cause.
struct FailedSessions: Codable {
    let count: Int
    let corrupt: Int
    let causes: [String: Int]

    init(_ tallies: Tally...) {
        self.count = tallies.reduce(0) { $0 + $1.failed }
        self.corrupt = tallies.reduce(0) { $0 + $1.corrupt }
        let causes = tallies.flatMap(\.failedByCause).map { ($0.key.rawValue, $0.value) }
        self.causes = Dictionary(causes, uniquingKeysWith: +)
    }

    var isNone: Bool { self.count == 0 && self.corrupt == 0 }

    var text: String {
        let causes = self.causes.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
        return "  failed: \(self.count), corrupt: \(self.corrupt)"
            + (causes.isEmpty ? "" : " (\(causes.joined(separator: ", ")))")
    }
}

/// How long things took, in milliseconds.
struct Latency: Codable {
    let p50, p90, p99, longest: Double

    init(_ latencies: LatencyHistogram) {
        func milliseconds(_ share: Double) -> Double { Double(latencies.quantile(share) ?? 0) / 1e6 }
        self.p50 = milliseconds(0.5)
        self.p90 = milliseconds(0.9)
        self.p99 = milliseconds(0.99)
        self.longest = Double(latencies.longest) / 1e6
    }

    var text: String {
        "  latency in ms: p50 \(self.p50.text), p90 \(self.p90.text), p99 \(self.p99.text)"
    }
}

extension MeasuredSpan {
    /// The lines that say how far the figures can be trusted.
    var text: [String] {
        [
            "  measured: \(self.seconds.text) s; CPU s of the generator: \(self.generatorSeconds.text)"
                + ", of anything else: \(self.foreignSeconds.text)"
        ]
    }
}

extension Double {
    /// With about three digits that count.
    var text: String {
        let places = self >= 100 ? 0 : self >= 10 ? 1 : self >= 1 ? 2 : 3
        let scale = [1, 10, 100, 1000][places]
        let scaled = Int((self * Double(scale)).rounded())
        guard places > 0 else { return "\(scaled)" }
        let fraction = String(abs(scaled) % scale)
        let zeros = String(repeating: "0", count: places - fraction.count)
        return (scaled < 0 ? "-" : "") + "\(abs(scaled) / scale).\(zeros)\(fraction)"
    }
}
