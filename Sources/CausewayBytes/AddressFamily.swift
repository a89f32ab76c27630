/// Which of the two internet protocols an address, a query or a socket belongs to.
public enum AddressFamily: UInt8, Hashable, Sendable, CaseIterable {
    case v4
    case v6

    /// The other one.
    public var other: AddressFamily {
        switch self {
        case .v4: .v6
        case .v6: .v4
        }
    }
}

extension IPAddress {
    /// The family of the address; an IPv4-mapped one is IPv4 (see `init(v6High:low:)`).
    public var family: AddressFamily {
        switch self {
        case .v4: .v4
        case .v6: .v6
        }
    }
}
