import CausewayBytes
import Glibc
import TestSupport
import Testing

@testable import CausewayIO

/// A loop that has nothing but a resolver.
private final class TestLoop: ResolverPoller {
    var watched: [Int32: (readable: Bool, writable: Bool)] = [:]
    var deadline: UInt64?
    var schedules = 0
    var answers: [String] = []

    func watch(_ descriptor: Int32, readable: Bool, writable: Bool) {
        self.watched[descriptor] = (readable, writable)
    }

    func unwatch(_ descriptor: Int32) {
        self.watched[descriptor] = nil
    }

    func schedule(after interval: Interval) {
        self.deadline = Self.now + UInt64(max(0, interval.nanoseconds))
        self.schedules += 1
    }

    func answered(_ name: DomainName, family: AddressFamily, result: Resolution) {
        self.answers.append("\(name) \(family)")
    }

    static var now: UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }

    /// Serves the resolver until `isDone`; gives up, for the test to fail, after half a minute.
    func run(_ resolver: Resolver, until isDone: () -> Bool) {
        let limit = Self.now + 30_000_000_000
        while !isDone(), Self.now < limit {
            var polled = self.watched.map { descriptor, interest in
                pollfd(
                    fd: descriptor,
                    events: Int16((interest.readable ? POLLIN : 0) | (interest.writable ? POLLOUT : 0)),
                    revents: 0
                )
            }
            let left = self.deadline.map { Int64(bitPattern: $0 &- Self.now) / 1_000_000 + 1 } ?? 100
            poll(&polled, nfds_t(polled.count), Int32(clamping: max(0, min(100, left))))
            for entry in polled where entry.revents != 0 {
                let failed = Int32(entry.revents) & (POLLERR | POLLHUP) != 0
                resolver.ready(
                    entry.fd,
                    readable: failed || Int32(entry.revents) & POLLIN != 0,
                    writable: Int32(entry.revents) & POLLOUT != 0
                )
            }
            if let deadline = self.deadline, deadline <= Self.now {
                self.deadline = nil
                resolver.timeout()
            }
        }
    }
}

private final class Client: ResolutionClient {
    var answers: [(query: UInt32, family: AddressFamily, result: Resolution)] = []
    var onAnswer: (() -> Void)?

    func resolved(_ query: UInt32, family: AddressFamily, result: Resolution) {
        self.answers.append((query, family, result))
        self.onAnswer?()
    }
}

@Suite struct ResolverTests {
    private static let v4: [IPAddress] = [.v4(0xc000_0201), .v4(0xc000_0202)]
    private static let v6: [IPAddress] = [.v6(high: 0x2001_0db8_0000_0000, low: 1)]

    private func settings(_ server: DNSServer) -> ResolverSettings {
        var settings = ResolverSettings()
        settings.servers = [SocketAddress(ip: .v4(server.address), port: server.port)]
        settings.readsHostsFile = false
        return settings
    }

    private func name(_ text: String) throws -> DomainName { try #require(DomainName(text.utf8)) }

    private func addresses(_ family: AddressFamily) -> [IPAddress] {
        switch family {
        case .v4: Self.v4
        case .v6: Self.v6
        }
    }

    /// Asks the server for one family of `text` and waits for what comes.
    private func ask(_ text: String, _ family: AddressFamily, _ settings: ResolverSettings) throws -> Resolution? {
        let loop = TestLoop()
        let resolver = try Resolver(settings: settings, poller: loop)
        let client = Client()
        switch resolver.resolve(try self.name(text), family: family, query: 7, for: client) {
        case .answered(let result): return result
        case .waiting: break
        }
        #expect(client.answers.isEmpty)
        loop.run(resolver) { !client.answers.isEmpty }
        #expect(client.answers.count == 1)
        #expect(client.answers.first?.query == 7)
        #expect(client.answers.first?.family == family)
        #expect(resolver.inFlight == 0)
        return client.answers.first?.result
    }

    private func ask(_ text: String, _ family: AddressFamily) throws -> Resolution? {
        let server = try DNSServer()
        defer { server.stop() }
        return try self.ask(text, family, self.settings(server))
    }

    @Test(arguments: AddressFamily.allCases)
    func `gives the addresses of one family with their time to live`(family: AddressFamily) throws {
        let expected = Resolution.addresses(self.addresses(family), timeToLive: .seconds(60))
        #expect(try self.ask("ok.example", family) == expected)
        #expect(try self.ask("OK.Example.", family) == expected)
    }

    @Test(arguments: AddressFamily.allCases)
    func `an alias shortens the time to live`(family: AddressFamily) throws {
        let expected = Resolution.addresses([self.addresses(family)[0]], timeToLive: .seconds(30))
        #expect(try self.ask("alias.example", family) == expected)
    }

    @Test func `a time to live that is negative is none`() throws {
        #expect(try self.ask("stale.example", .v4) == .addresses([Self.v4[0]], timeToLive: .seconds(0)))
    }

    @Test(arguments: AddressFamily.allCases)
    func `a family without addresses has none of the other's`(family: AddressFamily) throws {
        #expect(try self.ask(family == .v4 ? "v6.example" : "v4.example", family) == .failed(.noAddress))
        #expect(try self.ask("other.example", family) == .failed(.noAddress))
        #expect(try self.ask("empty.example", family) == .failed(.noAddress))
    }

    @Test(arguments: [
        ("nx.example", ResolutionFailure.noSuchName), ("fail.example", .serverFailed), ("silent.example", .timedOut),
        ("cut.example", .malformedAnswer), ("garbage.example", .timedOut),
    ])
    func `every failure has its name`(name: String, failure: ResolutionFailure) throws {
        let server = try DNSServer()
        defer { server.stop() }
        var settings = self.settings(server)
        // The others answer, sooner or later.
        let isMute = name.hasPrefix("silent") || name.hasPrefix("garbage")
        settings.timeout = isMute ? .milliseconds(100) : .seconds(5)
        let result = try self.ask(name, .v4, settings)
        // Whether an answer without sense is skipped or believed is up to c-ares; a result it must have.
        if name.hasPrefix("garbage") {
            #expect([.failed(.timedOut), .failed(.malformedAnswer), .failed(.serverFailed)].contains(result))
        } else {
            #expect(result == .failed(failure))
        }
    }

    @Test func `answers under a wrong number and to a wrong question are skipped`() throws {
        #expect(try self.ask("spoof.example", .v4) == .addresses(Self.v4, timeToLive: .seconds(60)))
    }

    @Test(arguments: AddressFamily.allCases)
    func `a truncated answer is asked for again over TCP, and only so many addresses are taken`(
        family: AddressFamily
    ) throws {
        let server = try DNSServer()
        defer { server.stop() }
        var settings = self.settings(server)
        settings.timeout = .seconds(5)
        guard case .addresses(let addresses, let timeToLive) = try self.ask("many.example", family, settings) else {
            Issue.record("no addresses")
            return
        }
        #expect(addresses.count == Resolver.maximumAddresses)
        #expect(timeToLive == .seconds(60))
    }

    @Test func `a port on which nobody listens is known at once`() throws {
        var settings = ResolverSettings()
        settings.servers = [SocketAddress(ip: .v4(0x7f00_0036), port: 1)]
        settings.readsHostsFile = false
        settings.tries = 1
        #expect(try self.ask("ok.example", .v4, settings) == .failed(.serverFailed))
    }

    @Test func `the next server is asked when one does not answer`() throws {
        let server = try DNSServer()
        defer { server.stop() }
        var settings = self.settings(server)
        settings.servers.insert(SocketAddress(ip: .v4(0x7f00_0036), port: 1), at: 0)
        #expect(try self.ask("ok.example", .v6, settings) == .addresses(Self.v6, timeToLive: .seconds(60)))
    }

    @Test(arguments: ["localhost", "LOCALHOST.", "a.b.localhost"])
    func `localhost is loopback and nobody is asked`(text: String) throws {
        let server = try DNSServer()
        defer { server.stop() }
        let resolver = try Resolver(settings: self.settings(server), poller: TestLoop())
        for (family, expected) in [(AddressFamily.v4, "127.0.0.1"), (.v6, "::1")] {
            let start = resolver.resolve(try self.name(text), family: family, query: 0, for: Client())
            guard case .answered(.addresses(let addresses, _)) = start else {
                Issue.record("\(start)")
                continue
            }
            #expect(addresses.map(\.description) == [expected])
        }
    }

    @Test func `a name that only ends like localhost is asked for`() throws {
        #expect(try self.ask("nx.notlocalhost", .v4) == .failed(.noSuchName))
    }

    @Test func `the hosts file is read when wanted`() throws {
        let server = try DNSServer()
        defer { server.stop() }
        var settings = self.settings(server)
        settings.readsHostsFile = true
        #expect(try self.ask("nx.example", .v4, settings) == .failed(.noSuchName))
    }

    @Test(arguments: ["127.1", "a\\.b", "a..b", ".", "a/b"])
    func `what cannot be a host's name is not asked for`(text: String) throws {
        #expect(try self.ask(text, .v4) == .failed(.invalidName))
    }

    @Test func `no search list is applied`() throws {
        let server = try DNSServer()
        defer { server.stop() }
        #expect(try self.ask("nx", .v4, self.settings(server)) == .failed(.noSuchName))
        #expect(server.queries("nx/A") == 1)
    }

    @Test func `requests for the same name share a query and each is answered`() throws {
        let server = try DNSServer()
        defer { server.stop() }
        let loop = TestLoop()
        var settings = self.settings(server)
        settings.timeout = .seconds(10)
        let resolver = try Resolver(settings: settings, poller: loop)
        let client = Client()
        for query in 0..<100 {
            let text = query % 2 == 0 ? "late.example" : "LATE.example."
            _ = resolver.resolve(try self.name(text), family: .v4, query: UInt32(query), for: client)
        }
        #expect(resolver.inFlight == 1)
        server.release()
        loop.run(resolver) { client.answers.count == 100 }
        #expect(Set(client.answers.map(\.query)) == Set(0..<100))
        #expect(client.answers.allSatisfy { $0.result == .addresses(Self.v4, timeToLive: .seconds(60)) })
        #expect(server.queries("late.example/A") == 1)
        #expect(server.queries("late.example/AAAA") == 0)
    }

    @Test func `a request that is cancelled is not answered and its client let go`() throws {
        let server = try DNSServer()
        defer { server.stop() }
        let loop = TestLoop()
        let resolver = try Resolver(settings: self.settings(server), poller: loop)
        let stays = Client()
        var goes: Client? = Client()
        weak let gone = goes
        let ticket = try self.ticket(resolver, "late.example", try #require(goes))
        _ = try self.ticket(resolver, "late.example", stays)
        resolver.cancel(ticket)
        resolver.cancel(ticket)
        goes = nil
        #expect(gone == nil)
        server.release()
        loop.run(resolver) { !stays.answers.isEmpty }
        #expect(stays.answers.count == 1)
        resolver.cancel(ticket)
    }

    @Test func `an answer is told for the cache once, also when nobody waits any more`() throws {
        let server = try DNSServer()
        defer { server.stop() }
        let loop = TestLoop()
        let resolver = try Resolver(settings: self.settings(server), poller: loop)
        let client = Client()
        resolver.cancel(try self.ticket(resolver, "OK.a", client))
        loop.run(resolver) { !loop.answers.isEmpty }
        _ = try self.ticket(resolver, "nx.b", client)
        _ = try self.ticket(resolver, "nx.b.", client)
        loop.run(resolver) { client.answers.count == 2 }
        #expect(loop.answers == ["ok.a v4", "nx.b v4"])
        _ = try self.ticket(resolver, "late.c", client)
        resolver.close()
        #expect(loop.answers.count == 2)
        #expect(client.answers.count == 3)
    }

    private func ticket(_ resolver: Resolver, _ text: String, _ client: Client) throws -> Resolver.Ticket {
        switch resolver.resolve(try self.name(text), family: .v4, query: 0, for: client) {
        case .waiting(let ticket): return ticket
        case .answered(let result): throw Unexpected(result: result)
        }
    }

    private struct Unexpected: Error {
        var result: Resolution
    }

    @Test func `a client may ask and cancel while it is told`() throws {
        let server = try DNSServer()
        defer { server.stop() }
        let loop = TestLoop()
        let resolver = try Resolver(settings: self.settings(server), poller: loop)
        let (first, second) = (Client(), Client())
        var tickets: [Resolver.Ticket] = []
        let name = try self.name("ok.again.example")
        // Whichever is told first takes the other's answer away and asks anew.
        for (client, other) in [(first, 1), (second, 0)] {
            client.onAnswer = {
                guard tickets.count == 2 else { return }
                resolver.cancel(tickets[other])
                tickets.removeAll()
                _ = resolver.resolve(name, family: .v6, query: 9, for: client)
            }
        }
        tickets = [
            try self.ticket(resolver, "ok.example", first), try self.ticket(resolver, "ok.example", second),
        ]
        loop.run(resolver) { first.answers.count + second.answers.count == 2 }
        #expect([first.answers.count, second.answers.count].sorted() == [0, 2])
        #expect((first.answers + second.answers).map(\.query) == [0, 9])
        (first.onAnswer, second.onAnswer) = (nil, nil)
    }

    @Test func `beyond the bounds a request fails at once, and not for ever`() throws {
        let server = try DNSServer()
        defer { server.stop() }
        let loop = TestLoop()
        var settings = self.settings(server)
        settings.maximumInFlight = 2
        settings.maximumWaiting = 3
        let resolver = try Resolver(settings: settings, poller: loop)
        let client = Client()
        let ticket = try self.ticket(resolver, "late.a", client)
        _ = try self.ticket(resolver, "late.b", client)
        #expect(throws: Unexpected.self) { try self.ticket(resolver, "late.c", client) }
        _ = try self.ticket(resolver, "late.a", client)
        #expect(throws: Unexpected.self) { try self.ticket(resolver, "late.a", client) }
        resolver.cancel(ticket)
        _ = try self.ticket(resolver, "late.a", client)
        server.release()
        loop.run(resolver) { client.answers.count == 3 }
        _ = try self.ticket(resolver, "ok.c", client)
        loop.run(resolver) { client.answers.count == 4 }
        #expect(client.answers.count == 4)
    }

    @Test func `many names at once are all answered and the time is asked for rarely`() throws {
        let server = try DNSServer()
        defer { server.stop() }
        let loop = TestLoop()
        var settings = self.settings(server)
        settings.timeout = .seconds(5)
        let resolver = try Resolver(settings: settings, poller: loop)
        let client = Client()
        for number in 0..<200 { _ = try self.ticket(resolver, "ok.n\(number)", client) }
        #expect(loop.schedules == 1)
        loop.run(resolver) { client.answers.count == 200 }
        #expect(client.answers.count == 200)
        #expect(loop.watched.isEmpty, "sockets stay open without a query")
    }

    @Test func `closing answers those who wait and those who come later`() throws {
        let server = try DNSServer()
        defer { server.stop() }
        let loop = TestLoop()
        let resolver = try Resolver(settings: self.settings(server), poller: loop)
        let client = Client()
        _ = try self.ticket(resolver, "late.a", client)
        _ = try self.ticket(resolver, "late.b", client)
        resolver.close()
        #expect(client.answers.map(\.result) == [.failed(.closed), .failed(.closed)])
        #expect(loop.watched.isEmpty)
        #expect(throws: Unexpected.self) { try self.ticket(resolver, "ok.c", client) }
        resolver.close()
        resolver.timeout()
        resolver.ready(0, readable: true, writable: true)
    }

    @Test func `a resolver that is let go closes its sockets and lets its clients go`() throws {
        let server = try DNSServer()
        defer { server.stop() }
        let loop = TestLoop()
        var resolver: Resolver? = try Resolver(settings: self.settings(server), poller: loop)
        weak let goneResolver = resolver
        var client: Client? = Client()
        weak let goneClient = client
        _ = try self.ticket(try #require(resolver), "late.a", try #require(client))
        #expect(!loop.watched.isEmpty)
        (resolver, client) = (nil, nil)
        #expect(goneResolver == nil)
        #expect(goneClient == nil)
        #expect(loop.watched.isEmpty)
    }

    @Test func `descriptors of others are none of its business`() throws {
        let server = try DNSServer()
        defer { server.stop() }
        let resolver = try Resolver(settings: self.settings(server), poller: TestLoop())
        resolver.ready(0, readable: true, writable: true)
        resolver.ready(-1, readable: true, writable: false)
        #expect(resolver.inFlight == 0)
    }
}
