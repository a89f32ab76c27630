import CausewayBytes
import Testing

@testable import CausewayFronts

@Suite struct ProtocolMarkerTests {
    @Test(arguments: [
        "sp.mux.sing-box.arpa", "SP.Mux.Sing-Box.ARPA", "sp.mux.sing-box.arpa.", "sp.v2.udp-over-tcp.arpa",
        "sp.udp-over-tcp.arpa", "udp-over-tcp.arpa",
    ])
    func `knows the names that ask for another protocol`(name: String) throws {
        #expect(try #require(Host(Array(name.utf8))).isProtocolMarker)
    }

    @Test(arguments: [
        "example.net", "arpa", "home.arpa", "7.113.0.203.in-addr.arpa", "notsing-box.arpa", "sing-box.arpa.example.net",
        "192.0.2.1", ".",
    ])
    func `lets every other name through`(name: String) throws {
        #expect(try !#require(Host(Array(name.utf8))).isProtocolMarker)
    }
}
