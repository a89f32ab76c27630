/// One thing that is wrong with a configuration, or hardly meant, and where.
public struct Diagnostic: Equatable, Sendable, CustomStringConvertible {
    public enum Severity: Equatable, Sendable {
        case error, warning
    }

    public let severity: Severity
    /// The file as it was named to us.
    public let file: String
    /// Counted from one; `nil` where the file as a whole is meant.
    public let line: Int?
    /// The key and those above it, such as `listeners[0].exit`; empty where the file as a whole is meant.
    public let path: String
    /// What is wrong. Never holds a key or a password.
    public let reason: String
    /// The word that was probably meant.
    public let suggestion: String?

    public init(
        severity: Severity,
        file: String,
        line: Int?,
        path: String,
        reason: String,
        suggestion: String? = nil
    ) {
        self.severity = severity
        self.file = file
        self.line = line
        self.path = path
        self.reason = reason
        self.suggestion = suggestion
    }

    /// `FILE:LINE: KEY.PATH: reason (did you mean "x"?)`, a warning marked as one.
    public var description: String {
        var text = self.file
        if let line = self.line { text += ":\(line)" }
        switch self.severity {
        case .error: break
        case .warning: text += ": warning"
        }
        if !self.path.isEmpty { text += ": \(self.path)" }
        text += ": \(self.reason)"
        if let suggestion = self.suggestion { text += " (did you mean \"\(suggestion)\"?)" }
        return text
    }
}

/// A configuration that cannot be run. Holds everything that was found wrong, in the order of the file, and at least
/// one error.
public struct ConfigurationError: Error, Equatable, Sendable, CustomStringConvertible {
    public let diagnostics: [Diagnostic]

    /// One diagnostic a line.
    public var description: String { self.diagnostics.map(\.description).joined(separator: "\n") }
}
