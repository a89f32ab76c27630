import CausewayBytes
import Testing

@testable import CausewayConfig

/// What sockets are made with, of exits and of listeners.
@Suite struct SocketOptionTests {
    private func socket(_ fields: String) throws -> Configuration.DialSocket? {
        let text = "\(minimalListener)\nexits: [{ name: e, type: direct, \(fields) }]"
        guard case .direct(let direct)? = try Configuration.parse(text, files: files([:])).exits.first?.kind else {
            return nil
        }
        return direct.socket
    }

    @Test func `reads every option of an exit`() throws {
        let socket = try self.socket(
            #"source: [192.0.2.1, "2001:db8::1"], interface: wg0, fwmark: 0x10, keepalive: 60 s, mptcp: true, "#
                + "fast_open: true"
        )
        #expect(
            socket
                == Configuration.DialSocket(
                    source: [try #require(IPAddress("192.0.2.1")), try #require(IPAddress("2001:db8::1"))],
                    interface: "wg0",
                    mark: 16,
                    keepalive: Configuration.Keepalive(idle: .seconds(60), interval: .seconds(15), count: 4),
                    mptcp: true,
                    fastOpen: true,
                    congestion: nil
                )
        )
    }

    @Test func `a single source needs no list, and marks may be decimal`() throws {
        let socket = try self.socket("source: 192.0.2.1, fwmark: 4294967295")
        #expect(socket?.source.map(\.description) == ["192.0.2.1"])
        #expect(socket?.mark == .max)
    }

    @Test func `keepalive has three numbers, and can be off`() throws {
        let spelled = try self.socket("keepalive: { idle: 20 s, interval: 5 s, count: 3 }")?.keepalive
        #expect(spelled == Configuration.Keepalive(idle: .seconds(20), interval: .seconds(5), count: 3))
        #expect(try self.socket("keepalive: off")?.keepalive == nil)
    }

    @Test func `reads every option of a listener`() throws {
        let text = """
            listeners: [{ name: l, type: mixed, address: "127.0.0.1:1", exit: e, keepalive: 30 s, mptcp: true,
              fast_open: true, proxy_protocol: [10.0.0.0/8, "::1"] }]
            \(minimalExit)
            """
        let listener = try Configuration.parse(text, files: files([:])).listeners.first
        #expect(listener?.socket.keepalive?.idle == .seconds(30))
        #expect(listener?.socket.mptcp == true && listener?.socket.fastOpen == true)
        #expect(listener?.proxyProtocol.map(\.description) == ["10.0.0.0/8", "::1/128"])
    }
}
