import CausewayBytes
import CausewayIO
import Glibc
import TestSupport
import Testing

/// What sockets have on this kernel, which is asked itself: reno is in all of them.
@Suite struct CongestionTests {
    private let listener: LoopbackServer

    init() throws {
        self.listener = try LoopbackServer.echo()
    }

    private func socket() throws -> Socket {
        let socket = try Socket.connecting(to: SocketAddress(ip: .v4(0x7f00_0001), port: self.listener.port))
        let deadline = Deadline(seconds: 10)
        // Connected, or soon.
        while withUnsafeTemporaryAllocation(byteCount: 1, alignment: 1, { self.write(to: socket, $0) }) {
            guard !deadline.hasPassed else { throw TestFailure("no connection") }
        }
        return socket
    }

    /// Whether the byte was not taken.
    private func write(to socket: borrowing Socket, _ byte: UnsafeMutableRawBufferPointer) -> Bool {
        byte.storeBytes(of: 1, as: UInt8.self)
        guard let base = byte.baseAddress else { return true }
        return socket.write(ByteRegion(base: base, count: 1)) == .wouldBlock
    }

    private func algorithm(of socket: borrowing Socket) -> String {
        var name = [UInt8](repeating: 0, count: 16)
        var count = socklen_t(name.count)
        getsockopt(socket.descriptor, CInt(IPPROTO_TCP), TCP_CONGESTION, &name, &count)
        return String(decoding: name.prefix { $0 != 0 }, as: UTF8.self)
    }

    private func pacing(of socket: borrowing Socket) -> UInt64 {
        var rate: UInt64 = 0
        var count = socklen_t(8)
        getsockopt(socket.descriptor, SOL_SOCKET, 47, &rate, &count)
        return rate
    }

    private func request(
        _ algorithm: String,
        rate: UInt64? = nil,
        fallback: [String] = [],
        pacing: UInt64? = nil
    ) -> CongestionRequest {
        CongestionRequest(
            algorithm: CongestionAlgorithm(algorithm),
            rate: rate,
            gain: 20,
            fallback: fallback.map { CongestionAlgorithm($0) },
            pacing: pacing
        )
    }

    @Test func `a socket gets what it asks for, and is held below the rate`() throws {
        let socket = try self.socket()
        let request = self.request("reno", rate: 1_000_000)
        let outcome = socket.control(request, share: 500_000, group: 0)
        #expect(outcome.algorithm == CongestionAlgorithm("reno") && outcome.reason == nil && !outcome.isGrouped)
        #expect(self.algorithm(of: socket) == "reno" && self.pacing(of: socket) == 500_000)
        socket.setShare(250_000, request, outcome)
        #expect(self.pacing(of: socket) == 250_000)
    }

    @Test func `the cap holds whatever the rate is`() throws {
        let socket = try self.socket()
        let request = self.request("reno", rate: 1_000_000, pacing: 300_000)
        let outcome = socket.control(request, share: 1_000_000, group: 0)
        #expect(self.pacing(of: socket) == 300_000)
        socket.setShare(900_000, request, outcome)
        #expect(self.pacing(of: socket) == 300_000)
        socket.setShare(200_000, request, outcome)
        #expect(self.pacing(of: socket) == 200_000)
    }

    @Test func `an algorithm that is not there gives way to the first that is, and says why`() throws {
        let socket = try self.socket()
        let request = self.request("no-such", rate: 1_000_000, fallback: ["nor-this", "reno", "cubic"])
        let outcome = socket.control(request, share: 1_000_000, group: 0)
        #expect(outcome.algorithm?.description == "reno" && outcome.reason == "the kernel has no no-such")
        #expect(self.algorithm(of: socket) == "reno" && self.pacing(of: socket) == 1_000_000)
    }

    @Test func `where nothing is to be had the socket stays as it was, at the rate`() throws {
        let socket = try self.socket()
        let before = self.algorithm(of: socket)
        let outcome = socket.control(self.request("no-such", rate: 1_000_000), share: 1_000_000, group: 0)
        #expect(outcome.algorithm == nil && outcome.reason != nil)
        #expect(self.algorithm(of: socket) == before && self.pacing(of: socket) == 1_000_000)
    }

    @Test func `the kernel tells how a connection does`() throws {
        let socket = try self.socket()
        let deadline = Deadline(seconds: 10)
        while socket.statistics()?.sent == 0, !deadline.hasPassed {}
        let statistics = socket.statistics()
        #expect(statistics?.sent == 1 && statistics?.retransmitted == 0)
    }
}
