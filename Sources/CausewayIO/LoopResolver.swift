public import CausewayBytes

/// A resolver on an event loop: watches the sockets of c-ares and keeps its one timer.
///
/// The loop keeps it until `close`; all calls come on the loop's thread.
public final class LoopResolver {
    private unowned let loop: EventLoop
    private var token = HandlerToken.none
    private var resolver: Resolver?
    private var timer = TimerWheel.Handle.none
    /// The descriptor that is watched under each tag, -1 under a free one.
    private var descriptors: [Int32] = []

    /// Told of every query that is answered, also when nobody waits for it any more (`ResolverPoller.answered`): the
    /// other family of a race that is won must be known the next time.
    public var onAnswer: ((DomainName, AddressFamily, Resolution) -> Void)?

    /// - Throws: when c-ares refuses the settings.
    public init(loop: EventLoop, settings: ResolverSettings = ResolverSettings()) throws(Resolver.SetUpError) {
        self.loop = loop
        // c-ares may ask for sockets and time from the first moment.
        self.token = loop.register(self)
        do throws(Resolver.SetUpError) {
            self.resolver = try Resolver(settings: settings, poller: self)
        } catch {
            loop.deregister(self.token)
            throw error
        }
    }

    /// See `Resolver.resolve`.
    public func resolve(
        _ name: DomainName,
        family: AddressFamily,
        query: UInt32,
        for client: any ResolutionClient
    ) -> Resolver.Start {
        guard let resolver = self.resolver else { return .answered(.failed(.closed)) }
        return resolver.resolve(name, family: family, query: query, for: client)
    }

    /// See `Resolver.cancel`.
    public func cancel(_ ticket: Resolver.Ticket) {
        self.resolver?.cancel(ticket)
    }

    /// Answers all who wait with `closed` and leaves the loop. Not to be called by a client that is being told.
    public func close() {
        guard let resolver = self.resolver else { return }
        self.resolver = nil
        resolver.close()
        self.loop.cancel(self.timer)
        self.loop.deregister(self.token)
    }
}

extension LoopResolver: ResolverPoller {
    public func watch(_ descriptor: Int32, readable: Bool, writable: Bool) {
        var interest: ReadyEvents = []
        if readable { interest.insert(.readable) }
        if writable { interest.insert(.writable) }
        // Should the kernel refuse, the query ends by its time.
        if let tag = self.descriptors.firstIndex(of: descriptor) {
            try? self.loop.modify(descriptor, interest, to: self.token, tag: UInt8(tag))
        } else if let tag = self.freeTag() {
            self.descriptors[tag] = descriptor
            try? self.loop.add(descriptor, interest, to: self.token, tag: UInt8(tag))
        }
    }

    public func unwatch(_ descriptor: Int32) {
        guard let tag = self.descriptors.firstIndex(of: descriptor) else { return }
        self.descriptors[tag] = -1
        self.loop.remove(descriptor)
    }

    public func schedule(after interval: Interval) {
        self.loop.cancel(self.timer)
        self.timer = self.loop.schedule(after: interval, to: self.token, tag: 0)
    }

    public func answered(_ name: DomainName, family: AddressFamily, result: Resolution) {
        self.onAnswer?(name, family, result)
    }

    private func freeTag() -> Int? {
        if let tag = self.descriptors.firstIndex(of: -1) { return tag }
        guard self.descriptors.count <= Int(UInt8.max) else { return nil }
        self.descriptors.append(-1)
        return self.descriptors.count - 1
    }
}

extension LoopResolver: EventHandler {
    public func ready(_ events: ReadyEvents, tag: UInt8) {
        // An event of a socket that was closed in this turn may find another one under its tag, which then has
        // nothing to read, and is none the worse.
        guard Int(tag) < self.descriptors.count, self.descriptors[Int(tag)] >= 0 else { return }
        self.resolver?.ready(
            self.descriptors[Int(tag)],
            readable: !events.isDisjoint(with: [.readable, .readHangUp, .hangUp, .error]),
            writable: events.contains(.writable)
        )
    }

    public func timerFired(tag: UInt8) {
        self.resolver?.timeout()
    }

    public func resumed() {}
}
