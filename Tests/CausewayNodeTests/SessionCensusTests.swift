import CausewayAdmin
import TestSupport
import Testing

@testable import CausewayNode

@Suite struct SessionCensusTests {
    @Test func `those that have moved most come first, over all loops, and no more than were asked for`() throws {
        let chain = try LocalChain()
        let echo = try LoopbackServer.echo()
        let counts = [3, 5_000, 1, 70, 5_000, 12]
        var sockets: [LoopbackSocket] = []
        for count in counts {
            let socket = try LoopbackSocket.session(via: chain.port, to: echo.port)
            try socket.write([UInt8](repeating: 7, count: count))
            _ = try socket.read(exactly: count)
            sockets.append(socket)
        }
        let loops = chain.client.node.shared.loops
        func moved(_ limit: Int) throws -> [UInt64] {
            let report = try #require(SessionCensus(loops: loops, user: nil, limit: limit).take())
            #expect(report.total == counts.count)
            #expect(report.sessions.allSatisfy { $0.stage == "relaying" && $0.source.hasPrefix("127.0.0.1:") })
            #expect(report.sessions.allSatisfy { $0.user == nil && $0.bytesUp == $0.bytesDown })
            return report.sessions.map(\.bytesUp)
        }
        #expect(try moved(100) == [5_000, 5_000, 70, 12, 3, 1])
        #expect(try moved(4) == [5_000, 5_000, 70, 12])
        #expect(try moved(1) == [5_000])
        #expect(try moved(0) == [])
        let nobodys = try #require(SessionCensus(loops: loops, user: "alice", limit: 9).take())
        #expect(nobodys == SessionsReport(total: 0, sessions: []))
        withExtendedLifetime(sockets) {}
    }
}
