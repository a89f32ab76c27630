import Glibc
import LoadEngine
import Testing

/// Clients against the targets, straight: the loops, without a proxy between them.
@Suite struct ClientsTests {
    /// Runs a load until the condition holds; gives up after so long that only a load that stands still gets there.
    private func run(
        _ work: Clients.Work,
        proxy: Endpoint? = nil,
        to choose: (Targets) -> [Endpoint],
        until done: ((Clients, Targets)) -> Bool
    ) throws -> (clients: Clients, targets: Targets) {
        let payload = Payload()
        let targets = try Targets(payload: payload, verify: true)
        let clients = try Clients(work, targets: choose(targets), proxy: proxy, payload: payload, verify: true)
        clients.measure(true)
        let threads = [
            try LoopThread(name: "targets") { try? targets.run() },
            try LoopThread(name: "clients") { try? clients.run() },
        ]
        for _ in 0..<30_000 where !done((clients, targets)) { usleep(1000) }
        #expect(done((clients, targets)))
        clients.stop()
        targets.stop()
        for thread in threads { thread.join() }
        return (clients, targets)
    }

    @Test func `a download brings the payload, past the end of its block`() throws {
        let size = 3 * Payload.size
        let load = try self.run(.download(streams: 2), to: { [$0.source] }, until: { $0.0.tally.bytes > size })
        #expect(load.clients.tally.failed == 0)
        #expect(load.clients.tally.corrupt == 0)
    }

    @Test func `an upload brings the payload, past the end of its block`() throws {
        let size = 3 * Payload.size
        let load = try self.run(.upload(streams: 2), to: { [$0.sink] }, until: { $0.1.tally.bytes > size })
        #expect(load.clients.tally.failed == 0)
        #expect(load.targets.tally.corrupt == 0)
    }

    @Test(arguments: [1, 64, 16384])
    func `every exchange that completes has its latency`(size: Int) throws {
        let work = Clients.Work.exchange(atOnce: 8, size: size)
        let load = try self.run(work, to: { $0.echoes }, until: { $0.0.tally.completed >= 200 })
        #expect(load.clients.tally.failed == 0)
        #expect(load.clients.latencies.count == UInt64(load.clients.tally.completed))
    }

    @Test func `exactly the sessions asked for are held`() throws {
        let work = Clients.Work.hold(sessions: 100, atOnce: 7)
        let load = try self.run(work, to: { $0.echoes }, until: { $0.0.tally.completed >= 100 })
        #expect(load.clients.tally.completed == 100)
        #expect(load.clients.tally.failed == 0)
    }

    @Test func `bytes that were not sent are noticed`() throws {
        // The source sends without being asked, and more than the 64 bytes that an echo would give back.
        let load = try self.run(.exchange(atOnce: 1, size: 64), to: { [$0.source] }, until: { $0.0.tally.corrupt > 0 })
        #expect(load.clients.tally.completed == 0)
    }

    @Test func `a proxy that is not there makes the load hopeless instead of endless`() throws {
        let nowhere = Endpoint(host: Endpoint.loopback(0, 9), port: 1)
        let work = Clients.Work.exchange(atOnce: 4, size: 64)
        let load = try self.run(work, proxy: nowhere, to: { $0.echoes }, until: { $0.0.isHopeless })
        #expect(load.clients.tally.completed == 0)
    }

    @Test func `a proxy that speaks no SOCKS fails the session`() throws {
        let payload = Payload()
        let echo = try Targets(payload: payload)
        let thread = try LoopThread(name: "echo") { try? echo.run() }
        // An echo answers the greeting with itself: the second byte then refuses the only method.
        let work = Clients.Work.hold(sessions: 1, atOnce: 1)
        let load = try self.run(work, proxy: echo.echoes[0], to: { $0.echoes }, until: { $0.0.tally.failed > 0 })
        #expect(load.clients.tally.completed == 0)
        echo.stop()
        thread.join()
    }
}
