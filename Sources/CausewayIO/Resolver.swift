internal import CAres
public import CausewayBytes
import Glibc

/// Resolves names for one loop, through c-ares, without ever waiting for the network.
///
/// Each family of a name is a query of its own, so that the first answer can be used while the other is on its way.
/// Requests for what is already being asked share the query. `localhost` and what is below it is loopback and nobody is
/// asked (RFC 6761 section 6.3); no search list is applied.
///
/// It belongs to one loop, which calls `ready` and `timeout`, and is not to be used from anywhere else. Answers are
/// handed out after c-ares has returned, so that a client may do with the resolver what it likes, except closing it.
public final class Resolver {
    /// A request that waits, for `cancel`.
    public struct Ticket {
        fileprivate let lookup: Lookup
        fileprivate let serial: UInt64
    }

    /// What came of a request.
    public enum Start {
        /// It is answered; the client is not called.
        case answered(Resolution)
        /// The client will be called, unless the ticket is cancelled.
        case waiting(Ticket)
    }

    /// Why there is no resolver.
    public enum SetUpError: Error, Equatable {
        /// c-ares refuses; its code and text are those of `ares_strerror`.
        case refused(code: Int32)
    }

    /// Addresses taken from one answer; the rest is of no use to anybody.
    static let maximumAddresses = 16
    /// Times one call of `ready` goes back to a descriptor that has more to read.
    private static let maximumRounds = 64
    /// Time to live of what is loopback by definition.
    private static let localTimeToLive = Interval.seconds(3_600)

    private let settings: ResolverSettings
    private let desk: Desk
    /// `nil` once closed.
    private var channel: ares_channel?
    private var waiting = 0
    private var lastSerial: UInt64 = 0
    private var isScheduled = false
    private var isDelivering = false
    /// The descriptor that had more to read when `ready` gave up for this time.
    private var unfinished: Int32?

    /// A resolver that has its sockets watched by `poller`, which it does not keep alive.
    public init(settings: ResolverSettings = ResolverSettings(), poller: any ResolverPoller) throws(SetUpError) {
        self.settings = settings
        self.desk = Desk(poller: poller)
        self.channel = try Self.makeChannel(settings, desk: self.desk)
    }

    /// Clients that still wait hear nothing more; `close` is for those who want to be told.
    deinit {
        // c-ares calls back for every query from inside `ares_destroy`. Safe: those calls touch the desk and the
        // lookups only, which live as long as this object's storage, and never the resolver.
        if let channel = self.channel { ares_destroy(channel) }
        self.desk.finished.removeAll()  // desk and lookups hold each other
    }

    /// Queries in flight.
    public var inFlight: Int { self.desk.lookups.count }

    // MARK: - Requests

    /// Asks for the addresses of one family of `name`.
    ///
    /// `client` is called with the number `query`, which means something to it alone.
    public func resolve(
        _ name: DomainName,
        family: AddressFamily,
        query: UInt32,
        for client: any ResolutionClient
    ) -> Start {
        guard let channel = self.channel else { return .answered(.failed(.closed)) }
        guard let name = name.canonical, name.isHostname else { return .answered(.failed(.invalidName)) }
        if Self.isLocal(name) {
            let loopback: IPAddress =
                switch family {
                case .v4: .v4(0x7f00_0001)
                case .v6: .v6(high: 0, low: 1)
                }
            return .answered(.addresses([loopback], timeToLive: Self.localTimeToLive))
        }
        guard self.waiting < self.settings.maximumWaiting else { return .answered(.failed(.tooMany)) }
        let question = Question(name: name, family: family)
        if let lookup = self.desk.lookups[question] { return self.join(lookup, query, client) }
        guard self.desk.lookups.count < self.settings.maximumInFlight else { return .answered(.failed(.tooMany)) }

        let lookup = Lookup(question, desk: self.desk)
        self.desk.lookups[question] = lookup
        self.ask(channel, lookup)
        // c-ares may have found the answer in a file, or have failed to send.
        if let result = lookup.result {
            self.desk.finished.removeAll { $0 === lookup }
            self.tellPoller(lookup, result)
            self.settle()
            return .answered(result)
        }
        let start = self.join(lookup, query, client)
        self.settle()
        return start
    }

    /// Ends a request: its client is not called any more and is let go. The query goes on, for others and because
    /// c-ares cannot stop a single one. Without effect on a request that has been answered.
    public func cancel(_ ticket: Ticket) {
        if ticket.lookup.waiters.removeValue(forKey: ticket.serial) != nil { self.waiting -= 1 }
    }

    /// Answers every request that waits with `closed` and closes the sockets. Further requests are answered the same.
    public func close() {
        precondition(!self.isDelivering, "a client closes the resolver that is calling it")
        guard let channel = self.channel else { return }
        self.channel = nil
        ares_destroy(channel)
        self.deliver()
    }

    // MARK: - What the loop reports

    /// The descriptor is readable, writable or both. One that is not watched any more is ignored.
    public func ready(_ descriptor: Int32, readable: Bool, writable: Bool) {
        guard let channel = self.channel, self.desk.watched.contains(descriptor) else { return }
        self.process(channel, descriptor, readable: readable, writable: writable)
        self.settle()
        self.deliver()
    }

    /// The time that was asked for by `ResolverPoller.schedule` has passed.
    public func timeout() {
        self.isScheduled = false
        guard let channel = self.channel else { return }
        ares_process_fd(channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD)
        if let descriptor = self.unfinished {
            self.unfinished = nil
            if self.desk.watched.contains(descriptor) {
                self.process(channel, descriptor, readable: true, writable: false)
            }
        }
        self.settle()
        self.deliver()
    }
}

// MARK: - Inside

extension Resolver {
    private func join(_ lookup: Lookup, _ query: UInt32, _ client: any ResolutionClient) -> Start {
        self.lastSerial += 1
        lookup.waiters[self.lastSerial] = Waiter(query: query, client: client)
        self.waiting += 1
        return .waiting(Ticket(lookup: lookup, serial: self.lastSerial))
    }

    /// Lets c-ares read and write. It reads datagrams until there are none, but a stream only once, and the loop may
    /// not call again for what was there before: so it is asked again while there is more.
    private func process(_ channel: ares_channel, _ descriptor: Int32, readable: Bool, writable: Bool) {
        ares_process_fd(
            channel,
            readable ? descriptor : ARES_SOCKET_BAD,
            writable ? descriptor : ARES_SOCKET_BAD
        )
        guard readable else { return }
        var peeked: UInt8 = 0
        for _ in 1..<Self.maximumRounds {
            // An end of stream, 0, is something to be read too.
            guard self.desk.watched.contains(descriptor),
                recv(descriptor, &peeked, 1, Int32(MSG_PEEK | MSG_DONTWAIT)) >= 0
            else { return }
            ares_process_fd(channel, descriptor, ARES_SOCKET_BAD)
        }
        self.unfinished = descriptor
    }

    /// Makes sure that `timeout` is called when there is a reason.
    private func settle() {
        guard let channel = self.channel else { return }
        if !self.desk.finished.isEmpty || self.unfinished != nil {
            self.isScheduled = true
            self.desk.poller?.schedule(after: Interval(nanoseconds: 0))
            return
        }
        guard !self.isScheduled, self.inFlight > 0 else { return }
        // Asking c-ares costs a walk over all queries; not to ask at every request, the time is never longer than a
        // first try, so that no query that is made before it has passed can be due earlier.
        var left = timeval()
        guard ares_timeout(channel, nil, &left) != nil else { return }
        let interval = Interval(nanoseconds: Int64(left.tv_sec) * 1_000_000_000 + Int64(left.tv_usec) * 1_000)
        self.isScheduled = true
        self.desk.poller?.schedule(after: min(max(interval, .milliseconds(1)), self.settings.timeout))
    }

    /// Tells the clients. They may make and cancel requests meanwhile, and so finish further lookups.
    private func deliver() {
        guard !self.isDelivering else { return }
        self.isDelivering = true
        defer { self.isDelivering = false }
        while !self.desk.finished.isEmpty {
            let finished = self.desk.finished
            self.desk.finished.removeAll(keepingCapacity: true)
            for lookup in finished {
                guard let result = lookup.result else { continue }
                self.tellPoller(lookup, result)
                // Taken out one by one: each may cancel another.
                while let (_, waiter) = lookup.waiters.popFirst() {
                    self.waiting -= 1
                    waiter.client.resolved(waiter.query, family: lookup.question.family, result: result)
                }
            }
        }
    }

    private func tellPoller(_ lookup: Lookup, _ result: Resolution) {
        guard result != .failed(.closed) else { return }
        self.desk.poller?.answered(lookup.question.name, family: lookup.question.family, result: result)
    }

    private static func isLocal(_ name: DomainName) -> Bool {
        name.bytes[...] == Self.localhost[1...] || name.bytes.suffix(Self.localhost.count) == Self.localhost[...]
    }

    private static let localhost = Array(".localhost".utf8)
}
