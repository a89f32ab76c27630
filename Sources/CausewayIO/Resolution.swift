public import CausewayBytes

/// What came of asking for the addresses of one family of a name.
public enum Resolution: Equatable, Sendable {
    /// At least one address, in the server's order, and how long they may be kept.
    case addresses([IPAddress], timeToLive: Interval)
    case failed(ResolutionFailure)
}

/// Why there are no addresses.
public enum ResolutionFailure: Equatable, Sendable {
    /// The name does not exist.
    case noSuchName
    /// The name exists and has no address of the family.
    case noAddress
    /// No server answered in time.
    case timedOut
    /// Every server answered that it cannot or does not want to, or cannot be reached; c-ares calls both the same.
    case serverFailed
    /// An answer cannot be understood.
    case malformedAnswer
    /// The name cannot be a host's, so that nobody was asked.
    case invalidName
    /// Too many names are being asked for, or too many requests wait for them.
    case tooMany
    /// The resolver was closed.
    case closed

    /// Whether the answer is about the name, and so may be kept for a while, rather than about the moment.
    public var isAboutName: Bool {
        switch self {
        case .noSuchName, .noAddress, .invalidName: true
        case .timedOut, .serverFailed, .malformedAnswer, .tooMany, .closed: false
        }
    }
}

/// Who wants to know. The resolver holds a client until it has answered or the client has cancelled.
public protocol ResolutionClient: AnyObject {
    /// The answer to the request that was made under the number `query` for `family`. Called on the loop, never from
    /// inside `resolve`; the client may ask again and cancel from here, but not close the resolver.
    func resolved(_ query: UInt32, family: AddressFamily, result: Resolution)
}

/// What the resolver needs of the loop it lives on.
public protocol ResolverPoller: AnyObject {
    /// Call `Resolver.ready` when the descriptor becomes so, once per change or as long as it lasts. Called again for
    /// the same descriptor when the interest changes.
    func watch(_ descriptor: Int32, readable: Bool, writable: Bool)
    /// Forget the descriptor, which is closed next.
    func unwatch(_ descriptor: Int32)
    /// Call `Resolver.timeout` after this time, and not at the time that was asked for before.
    func schedule(after interval: Interval)
    /// A query is answered, once for all who asked and also when nobody waits any more: the place to fill a cache. May
    /// be called from inside `Resolver.resolve`; not called for what needs no query, nor on closing.
    func answered(_ name: DomainName, family: AddressFamily, result: Resolution)
}

extension ResolverPoller {
    /// A loop without a cache.
    public func answered(_ name: DomainName, family: AddressFamily, result: Resolution) {}
}
