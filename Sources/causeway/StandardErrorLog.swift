import CausewayConfig
import FoundationEssentials
import Glibc
import Logging
import Synchronization

/// The least severe event that is written, which can change while the process runs.
final class LogLevel: Sendable {
    private let level: Mutex<Logger.Level>

    init(_ level: Logger.Level) {
        self.level = Mutex(level)
    }

    var present: Logger.Level {
        get { self.level.withLock { $0 } }
        set { self.level.withLock { $0 = newValue } }
    }
}

/// Writes events to standard error, one a line.
///
/// Under the journal, which stamps lines itself, a line begins with its priority instead of the time.
struct StandardErrorLog: LogHandler {
    var metadata: Logger.Metadata = [:]
    /// Of this logger alone, where somebody has set it.
    private var ownLevel: Logger.Level?
    private let level: LogLevel
    private let isJournal: Bool

    /// - Parameter level: what all copies go by.
    init(_ level: LogLevel) {
        self.level = level
        self.isJournal = getenv("JOURNAL_STREAM") != nil
    }

    var logLevel: Logger.Level {
        get { self.ownLevel ?? self.level.present }
        set { self.ownLevel = newValue }
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
