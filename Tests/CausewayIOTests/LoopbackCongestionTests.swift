import CausewayBytes
import Glibc
import TestSupport
import Testing

@testable import CausewayIO

@Suite struct LoopbackCongestionTests {
    @Test func `what would pace the loopback gives way to Reno`() {
        for name in ["bbr", "brutal", "vegas"] {
            #expect(LoopbackCongestion.algorithm(whereDefaultIs: name) == CongestionAlgorithm("reno"), "\(name)")
        }
        for name in ["reno", "cubic", ""] {
            #expect(LoopbackCongestion.algorithm(whereDefaultIs: name) == nil, "\(name)")
        }
    }

    @Test func `neither end of a connection on this machine is paced`() throws {
        let listener = try Socket.listening(on: SocketAddress(ip: .v4(0x7f00_0001), port: 0), backlog: 4)
        guard let address = listener.localAddress() else { throw TestFailure("a listener without an address") }
        let dialled = try Socket.connecting(to: address)
        var peer = address
        let deadline = Deadline(seconds: 10)
        while !deadline.hasPassed {
            guard let accepted = try listener.accept(peer: &peer) else { continue }
            for descriptor in [dialled.descriptor, accepted.descriptor] {
                let algorithm = try CongestionAlgorithm.selected(on: descriptor)
                #expect(LoopbackCongestion.algorithm(whereDefaultIs: algorithm.description) == nil, "\(algorithm)")
            }
            return
        }
        Issue.record("nothing to accept")
    }
}
