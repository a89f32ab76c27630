public import CausewayConfig

/// Where a node gets its configuration anew when it is told to reload.
public struct ConfigurationSource: Sendable {
    /// Reads the configuration.
    public let load: @Sendable () throws(ConfigurationError) -> Configuration
    /// Hears which one has come into force.
    public let applied: @Sendable (Configuration) -> Void

    public init(
        load: @escaping @Sendable () throws(ConfigurationError) -> Configuration,
        applied: @escaping @Sendable (Configuration) -> Void = { _ in }
    ) {
        self.load = load
        self.applied = applied
    }
}
