public import CausewayConfig
public import Logging

/// A set of listeners, exits and users, run as one process. Not built yet: starting it does nothing.
public final class Node {
    private let logger: Logger

    public init(configuration: Configuration, logger: Logger) throws {
        self.logger = logger
    }

    public func start() throws {
        self.logger.warning("the node is not built yet")
    }

    public func stop() {}
}
