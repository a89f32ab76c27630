import CausewayBytes
import CausewayIO
import FoundationEssentials
import Glibc
import Logging
import Synchronization

/// Where events are written: to the journal with their fields, where standard error is the journal's, and otherwise to
/// standard error, a line each. Not too many of one kind.
final class LogSink: Sendable {
    private let journal: JournalSocket?
    private let limiter = Mutex(LogLimiter())

    /// - Parameter journal: the journal's socket; `nil` for standard error.
    init(journal: JournalSocket?) {
        self.journal = journal
    }

    /// As the environment says. Tests name another socket than the journal's.
    static func ofEnvironment() -> LogSink {
        func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }
        guard JournalSocket.isStandardError(variable("JOURNAL_STREAM")) else { return LogSink(journal: nil) }
        return LogSink(journal: JournalSocket(path: variable("CAUSEWAY_JOURNAL") ?? JournalSocket.standardPath))
    }

    func write(_ level: Logger.Level, _ message: String, _ fields: Logger.Metadata) {
        let now = HostSystem.now
        let (reports, isAdmitted) = self.limiter.withLock { limiter in
            (limiter.reports(now: now), limiter.admits(message, now: now))
        }
        for report in reports {
            self.put(.warning, "events left out", ["event": "\(report.kind)", "count": "\(report.count)"])
        }
        if isAdmitted { self.put(level, message, fields) }
    }

    private func put(_ level: Logger.Level, _ message: String, _ fields: Logger.Metadata) {
        if let journal = self.journal {
            if journal.send(Self.journalFields(level, message, fields)) { return }
            // The journal also reads standard error, and takes the priority from the line's beginning (sd-daemon(3)).
            return StandardError.write(
                LogLine.text(start: "<\(level.priority)>", message: message, fields: fields)
            )
        }
        let start = "\(Self.now()) \(level.rawValue) "
        StandardError.write(LogLine.text(start: start, message: message, fields: fields))
    }

    /// What the journal is given: the line for people, its priority, and each fact in a field of its own.
    static func journalFields(
        _ level: Logger.Level,
        _ message: String,
        _ fields: Logger.Metadata
    ) -> [(name: String, value: String)] {
        let line = LogLine.text(start: "", message: message, fields: fields)
        let facts = fields.sorted { $0.key < $1.key }.map { ("CAUSEWAY_\($0.key)", "\($0.value)") }
        return [
            ("MESSAGE", String(line.dropLast())), ("PRIORITY", "\(level.priority)"),
            ("SYSLOG_IDENTIFIER", "causeway"), ("CAUSEWAY_EVENT", message),
        ] + facts
    }

    /// The time in RFC 3339, UTC, to the millisecond.
    private static func now() -> String {
        Date.now.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
    }
}
