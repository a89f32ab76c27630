import Logging

/// Writes events of a level that may change to a sink that all copies share.
struct NodeLog: LogHandler {
    var metadata: Logger.Metadata = [:]
    /// Of this logger alone, where somebody has set it.
    private var ownLevel: Logger.Level?
    private let level: LogLevel
    private let sink: LogSink

    /// - Parameter level: what all copies go by.
    init(_ level: LogLevel, _ sink: LogSink) {
        self.level = level
        self.sink = sink
    }

    /// The logger of a process.
    static func logger(_ level: LogLevel) -> Logger {
        let sink = LogSink.ofEnvironment()
        return Logger(label: "causeway") { _ in NodeLog(level, sink) }
    }

    var logLevel: Logger.Level {
        get { self.ownLevel ?? Logger.Level(self.level.present) }
        set { self.ownLevel = newValue }
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { self.metadata[key] }
        set { self.metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        self.sink.write(event.level, "\(event.message)", self.metadata.merging(event.metadata ?? [:]) { $1 })
    }
}
