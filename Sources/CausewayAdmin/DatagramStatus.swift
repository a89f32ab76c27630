/// What a listener or an exit has to do with datagrams; counters begin with the node.
public struct DatagramStatus: Codable, Equatable, Sendable {
    /// Associations now.
    public var associations: Int
    /// Associations since the start.
    public var total: UInt64
    /// Datagrams towards targets.
    public var up: UInt64
    /// Datagrams from targets.
    public var down: UInt64
    /// Datagrams that were not what they should be, and changed nothing.
    public var refused: UInt64
    /// Datagrams that were good and found no room: in a socket, a rate, a quota or a table.
    public var dropped: UInt64
    /// Datagrams that did not fit the path.
    public var tooLarge: UInt64

    public init(
        associations: Int,
        total: UInt64,
        up: UInt64,
        down: UInt64,
        refused: UInt64,
        dropped: UInt64,
        tooLarge: UInt64
    ) {
        self.associations = associations
        self.total = total
        self.up = up
        self.down = down
        self.refused = refused
        self.dropped = dropped
        self.tooLarge = tooLarge
    }
}
