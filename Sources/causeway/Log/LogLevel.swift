import CausewayConfig
import Logging
import Synchronization

/// The least severe event that is written, which can change while the process runs.
final class LogLevel: Sendable {
    private let level: Mutex<Configuration.Log.Level>

    init(_ level: Configuration.Log.Level) {
        self.level = Mutex(level)
    }

    var present: Configuration.Log.Level {
        get { self.level.withLock { $0 } }
        set { self.level.withLock { $0 = newValue } }
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
