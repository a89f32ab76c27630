import ArgumentParser
import LoadEngine

/// Sessions that are open and do nothing.
struct Idle: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Idle sessions: memory with none and with many.")

    @OptionGroup var common: CommonOptions
    @Option(help: "Sessions to hold.") var sessions = 5000
    @Option(help: "Sessions that open at once.") var atOnce = 64
    @Option(help: "Seconds from the last session's byte to the sample.") var settle = 3.0
    @Option(help: "Seconds that opening may take.") var patience = 60.0

    func run() throws {
        let before = try self.common.processes.map { try MemorySample(of: $0.id) }
        let work = Clients.Work.hold(sessions: self.sessions, atOnce: self.atOnce)
        let load = try RunningLoad(work, proxy: self.common.socks) { $0.echoes }
        let tally = load.clients.tally
        load.wait(seconds: self.patience) { tally.completed >= self.sessions }
        load.wait(seconds: self.settle)
        let after = try self.common.processes.map { try MemorySample(of: $0.id) }
        let (held, failed) = (tally.completed, FailedSessions(tally))
        load.stop()
        let processes = self.common.processes.indices.map {
            IdleReport.Use(name: self.common.processes[$0].name, before: before[$0], after: after[$0], sessions: held)
        }
        try IdleReport(
            scenario: "idle",
            sessions: self.sessions,
            held: held,
            processes: processes,
            failed: failed
        ).print(json: self.common.json)
    }
}

/// The memory that idle sessions took.
struct IdleReport: Report {
    struct Use: Codable {
        let name: String
        let before: MemorySample
        let after: MemorySample
        let privateBytesPerSession: Double
        let residentBytesPerSession: Double

        init(name: String, before: MemorySample, after: MemorySample, sessions: Int) {
            func perSession(_ kibibytes: Int) -> Double { Double(kibibytes) * 1024 / Double(max(1, sessions)) }
            self.name = name
            self.before = before
            self.after = after
            self.privateBytesPerSession = perSession(after.privateKiB - before.privateKiB)
            self.residentBytesPerSession = perSession(after.residentKiB - before.residentKiB)
        }
    }

    let scenario: String
    let sessions: Int
    let held: Int
    let processes: [Use]
    let failed: FailedSessions

    var isSound: Bool { self.held == self.sessions && self.failed.isNone }

    var text: [String] {
        let uses = self.processes.map {
            "  \($0.name): private \($0.before.privateKiB) → \($0.after.privateKiB) KiB"
                + " (\($0.privateBytesPerSession.text) bytes per session)"
                + ", resident \($0.before.residentKiB) → \($0.after.residentKiB) KiB"
        }
        return ["idle sessions: \(self.held) of \(self.sessions)"] + uses
            + [self.failed.text]
    }
}
