import Glibc
import LoadEngine
import Testing

/// Datagrams of the generator: their marks, and both loops against each other without a proxy between them.
@Suite struct DatagramTests {
    @Test func `a datagram that comes twice, or too late, is no round trip`() {
        var flight = Flight(places: 2)
        let numbers = [flight.depart(0, at: 100), flight.depart(1, at: 200)]
        #expect(numbers == [0, 1])
        #expect(flight.arrive(1, at: 250)?.nanoseconds == 50)
        #expect(flight.arrive(1, at: 260) == nil)
        #expect(flight.giveUp(departedBefore: 150) == [0])
        #expect(flight.arrive(0, at: 300) == nil)
        #expect(flight.depart(0, at: 400) == 2)
        #expect(flight.arrive(2, at: 410)?.place == 0)
    }

    @Test func `the header of a datagram is read as RFC 1928 has it`() throws {
        let target = Endpoint(host: 0x7f00_0001, port: 4660)
        let header = SocksDatagram.header(to: target)
        #expect(header == [0, 0, 0, 1, 127, 0, 0, 1, 0x12, 0x34])
        func read(_ bytes: [UInt8]) -> SocksDatagram? { bytes.withUnsafeBytes { SocksDatagram($0) } }
        let datagram = try #require(read(header + [1, 2, 3]))
        #expect(datagram.source == target && datagram.headerSize == 10)
        for count in 0..<10 { #expect(read(Array(header.prefix(count))) == nil) }
        #expect(read([0, 0, 1] + header[3...]) == nil)
        #expect(read([0, 0, 0, 3, 1, 0x61, 0, 80])?.headerSize == 8)
    }

    @Test func `round trips over loopback all come back, and none is counted twice`() throws {
        let echo = try DatagramEcho()
        let near = try RoundTrips(associations: 4, inFlight: 3, size: 64, target: echo.endpoint, proxy: nil)
        let threads = [
            try LoopThread(name: "echo") { try? echo.run() },
            try LoopThread(name: "datagrams") { try? near.run() },
        ]
        for _ in 0..<30_000 where near.datagrams.arrived < 1_000 { usleep(1000) }
        near.stop()
        echo.stop()
        for thread in threads { thread.join() }
        let counts = near.datagrams
        #expect(counts.arrived >= 1_000 && counts.arrived <= counts.sent)
        #expect(near.tally.failed == 0)
    }
}
