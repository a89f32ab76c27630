/// What a reload has changed, or would.
public struct ReloadReport: Codable, Equatable, Sendable {
    /// A line for each thing that is different at once; empty where nothing is.
    public var changes: [String]
    /// A line for each thing that holds from the next start on.
    public var atRestart: [String]
    /// What the configuration has that is allowed but hardly meant.
    public var warnings: [String]

    public init(changes: [String], atRestart: [String], warnings: [String]) {
        self.changes = changes
        self.atRestart = atRestart
        self.warnings = warnings
    }
}
