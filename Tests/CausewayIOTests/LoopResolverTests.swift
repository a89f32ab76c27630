import CausewayBytes
import TestSupport
import Testing

@testable import CausewayIO

@Suite struct LoopResolverTests {
    /// Counts its answers and stops the loop with the last; gives up after half a minute.
    private final class Client: ResolutionClient, EventHandler {
        unowned let loop: EventLoop
        var missing: Int
        var answers: [UInt32: Resolution] = [:]

        init(_ loop: EventLoop, missing: Int) {
            (self.loop, self.missing) = (loop, missing)
            let token = loop.register(self)
            _ = loop.schedule(after: .seconds(30), to: token, tag: 0)
        }

        func resolved(_ query: UInt32, family: AddressFamily, result: Resolution) {
            self.answers[query] = result
            self.missing -= 1
            if self.missing == 0 { self.loop.stop() }
        }

        func ready(_ events: ReadyEvents, tag: UInt8) {}
        func timerFired(tag: UInt8) { self.loop.stop() }
        func resumed() {}
    }

    /// Asks for all names on one loop, and has the answers in their order.
    private func ask(_ names: [String], timeout: Interval, tries: Int = 1) throws -> [Resolution?] {
        let server = try DNSServer()
        defer { server.stop() }
        var settings = ResolverSettings()
        settings.servers = [SocketAddress(ip: .v4(server.address), port: server.port)]
        settings.readsHostsFile = false
        settings.timeout = timeout
        settings.tries = tries
        let loop = try EventLoop()
        let resolver = try LoopResolver(loop: loop, settings: settings)
        var told = 0
        resolver.onAnswer = { _, _, _ in told += 1 }
        let client = Client(loop, missing: names.count)
        for (index, text) in names.enumerated() {
            let name = try #require(DomainName(text.utf8))
            let start = resolver.resolve(name, family: .v4, query: UInt32(index), for: client)
            guard case .waiting = start else {
                Issue.record("\(text) is answered at once: \(start)")
                return []
            }
        }
        try loop.run()
        resolver.close()
        resolver.close()
        #expect(told == names.count)
        return names.indices.map { client.answers[UInt32($0)] }
    }

    @Test func `answers come through the loop`() throws {
        let answers = try self.ask((0..<100).map { "ok.n\($0)" } + ["nx.example"], timeout: .seconds(5))
        let expected = Resolution.addresses([.v4(0xc000_0201), .v4(0xc000_0202)], timeToLive: .seconds(60))
        #expect(answers.dropLast().allSatisfy { $0 == expected })
        #expect(answers.last == .failed(.noSuchName))
    }

    @Test(arguments: ["many.example", "burst.example"])
    func `a stream is read to its end though the loop tells of it only once`(text: String) throws {
        // The first try must do: one that is repeated because of a stall would be a timeout.
        guard case .addresses(let addresses, _) = try self.ask([text], timeout: .seconds(10)).first ?? nil else {
            Issue.record("no addresses")
            return
        }
        #expect(addresses.count == Resolver.maximumAddresses)
    }

    @Test func `the timer ends what nobody answers, whatever else is asked for`() throws {
        let answers = try self.ask(["silent.a", "ok.b", "silent.c"], timeout: .milliseconds(50), tries: 2)
        #expect(answers.first == .failed(.timedOut))
        #expect(answers.last == .failed(.timedOut))
    }

    @Test func `closing answers those who wait and leaves the loop`() throws {
        let loop = try EventLoop()
        var resolver: LoopResolver? = try LoopResolver(loop: loop)
        weak let gone = resolver
        resolver?.close()
        let client = Client(loop, missing: 1)
        let name = try #require(DomainName("ok.example".utf8))
        guard case .answered(.failed(.closed)) = resolver?.resolve(name, family: .v4, query: 0, for: client) else {
            Issue.record("a closed resolver takes requests")
            return
        }
        resolver = nil
        #expect(gone == nil)
    }

    @Test func `a loop that goes away takes the resolver with it`() throws {
        let server = try DNSServer()
        defer { server.stop() }
        var settings = ResolverSettings()
        settings.servers = [SocketAddress(ip: .v4(server.address), port: server.port)]
        var loop: EventLoop? = try EventLoop()
        weak var gone: LoopResolver?
        do {
            let resolver = try LoopResolver(loop: try #require(loop), settings: settings)
            gone = resolver
            final class Deaf: ResolutionClient {
                func resolved(_ query: UInt32, family: AddressFamily, result: Resolution) {}
            }
            let name = try #require(DomainName("late.example".utf8))
            _ = resolver.resolve(name, family: .v4, query: 0, for: Deaf())
        }
        #expect(gone != nil)
        loop = nil
        #expect(gone == nil)
    }
}
