import CausewayConfig
import FoundationEssentials
import Glibc
import Logging

/// Writes events to standard error, one a line.
///
/// Under the journal, which stamps lines itself, a line begins with its priority instead of the time.
struct StandardErrorLog: LogHandler {
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level
    private let isJournal: Bool

    init(logLevel: Logger.Level) {
        self.logLevel = logLevel
        self.isJournal = getenv("JOURNAL_STREAM") != nil
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { self.metadata[key] }
        set { self.metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let fields = self.metadata.merging(event.metadata ?? [:]) { $1 }
        let start = self.isJournal ? "<\(event.level.priority)>" : "\(Self.now()) \(event.level.rawValue) "
        StandardError.write(LogLine.text(start: start, message: "\(event.message)", fields: fields))
    }

    /// The time in RFC 3339, UTC, to the millisecond.
    private static func now() -> String {
        Date.now.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
    }
}

extension Logger.Level {
    /// The level that the configuration names.
    init(_ level: Configuration.Log.Level) {
        switch level {
        case .trace: self = .trace
        case .debug: self = .debug
        case .info: self = .info
        case .notice: self = .notice
        case .warning: self = .warning
        case .error: self = .error
        case .critical: self = .critical
        }
    }

    /// The priority of syslog(3) and sd-daemon(3).
    var priority: Int {
        switch self {
        case .trace, .debug: 7
        case .info: 6
        case .notice: 5
        case .warning: 4
        case .error: 3
        case .critical: 2
        }
    }
}
