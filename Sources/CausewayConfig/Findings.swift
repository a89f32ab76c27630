/// Where in the configuration something is: the path of keys and the line.
struct Place: Hashable {
    var path: String
    var line: Int?

    /// The place of `key` in the mapping that is here.
    func key(_ key: String, line: Int?) -> Place {
        Place(path: self.path.isEmpty ? key : "\(self.path).\(key)", line: line)
    }

    /// The place of an item of the list that is here.
    func item(_ index: Int, line: Int?) -> Place {
        Place(path: "\(self.path)[\(index)]", line: line)
    }
}

/// Collects what is found while a configuration is read, so that one run shows everything that is wrong.
final class Findings {
    /// What is kept at most: nobody reads more, and a file of mistakes must not fill the memory.
    static let maximumCount = 100

    private let file: String
    private var found: [Diagnostic] = []
    private var omitted = 0
    private(set) var hasErrors = false

    init(file: String) {
        self.file = file
    }

    func error(at place: Place, _ reason: String, suggestion: String? = nil) {
        self.hasErrors = true
        self.add(.error, place, reason, suggestion)
    }

    func warn(at place: Place, _ reason: String) {
        self.add(.warning, place, reason, nil)
    }

    /// In the order of the file; what concerns it as a whole comes first.
    var diagnostics: [Diagnostic] {
        var sorted = self.found.sorted { ($0.line ?? 0) < ($1.line ?? 0) }
        if self.omitted > 0 {
            let reason = "and \(self.omitted) more"
            let severity: Diagnostic.Severity = self.hasErrors ? .error : .warning
            sorted.append(Diagnostic(severity: severity, file: self.file, line: nil, path: "", reason: reason))
        }
        return sorted
    }

    private func add(_ severity: Diagnostic.Severity, _ place: Place, _ reason: String, _ suggestion: String?) {
        guard self.found.count < Self.maximumCount else {
            self.omitted += 1
            return
        }
        let (line, path) = (place.line, place.path)
        self.found.append(
            Diagnostic(
                severity: severity,
                file: self.file,
                line: line,
                path: path.printable,
                reason: reason.printable,
                suggestion: suggestion?.printable
            )
        )
    }
}
