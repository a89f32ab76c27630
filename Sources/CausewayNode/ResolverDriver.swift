import CausewayBytes
import CausewayIO

/// Puts the resolver on a loop: watches its sockets and keeps its time.
final class ResolverDriver: EventHandler, ResolverPoller {
    private let loop: EventLoop
    private var token = HandlerToken.none
    private var timer = TimerWheel.Handle.none
    /// The sockets by the tag under which they are watched; -1 where none is.
    private var sockets: [Int32] = []
    private var resolver: Resolver?

    init(loop: EventLoop, settings: ResolverSettings) throws(Resolver.SetUpError) {
        self.loop = loop
        self.token = loop.register(self)
        self.resolver = try Resolver(settings: settings, poller: self)
    }

    /// As ``Resolver/resolve(_:family:query:for:)``.
    func resolve(
        _ name: DomainName,
        _ family: AddressFamily,
        query: UInt32,
        for client: any ResolutionClient
    ) -> Resolver.Start {
        self.resolver?.resolve(name, family: family, query: query, for: client) ?? .answered(.failed(.closed))
    }

    func cancel(_ ticket: Resolver.Ticket) {
        self.resolver?.cancel(ticket)
    }

    // MARK: - EventHandler

    func ready(_ events: ReadyEvents, tag: UInt8) {
        let socket = Int(tag) < self.sockets.count ? self.sockets[Int(tag)] : -1
        guard socket >= 0 else { return }
        let readable = !events.isDisjoint(with: [.readable, .readHangUp, .hangUp, .error])
        self.resolver?.ready(socket, readable: readable, writable: events.contains(.writable))
    }

    func timerFired(tag: UInt8) {
        self.timer = .none
        self.resolver?.timeout()
    }

    func resumed() {}

    // MARK: - ResolverPoller

    func watch(_ descriptor: Int32, readable: Bool, writable: Bool) {
        var interest = ReadyEvents()
        if readable { interest.insert(.readable) }
        if writable { interest.insert(.writable) }
        do throws(SystemCallError) {
            if let tag = self.sockets.firstIndex(of: descriptor) {
                try self.loop.modify(descriptor, interest, to: self.token, tag: UInt8(tag))
                return
            }
            let tag = self.sockets.firstIndex(of: -1) ?? self.sockets.count
            // A socket beyond the last tag is not watched; its queries end with their time.
            guard tag <= UInt8.max else { return }
            if tag == self.sockets.count { self.sockets.append(-1) }
            self.sockets[tag] = descriptor
            try self.loop.add(descriptor, interest, to: self.token, tag: UInt8(tag))
        } catch {
            // The same: what is not watched ends with its time.
        }
    }

    func unwatch(_ descriptor: Int32) {
        guard let tag = self.sockets.firstIndex(of: descriptor) else { return }
        self.sockets[tag] = -1
        self.loop.remove(descriptor)
    }

    func schedule(after interval: Interval) {
        self.loop.cancel(self.timer)
        self.timer = self.loop.schedule(after: interval, to: self.token, tag: 0)
    }
}
