import CausewayBytes
import Testing

@Suite struct CIDRTests {
    @Test(arguments: [
        ("10.0.0.0/8", "10.0.0.0/8"), ("10.1.2.3/8", "10.0.0.0/8"), ("255.255.255.255/0", "0.0.0.0/0"),
        ("203.0.113.7", "203.0.113.7/32"), ("203.0.113.7/31", "203.0.113.6/31"), ("203.0.113.7/1", "128.0.0.0/1"),
        ("fc00::1/7", "fc00::/7"), ("2001:db8::ffff/64", "2001:db8::/64"), ("2001:db8::ffff/128", "2001:db8::ffff/128"),
        ("2001:db8:0:1:8000::/65", "2001:db8:0:1:8000::/65"), ("2001:db8:0:1:7fff::/65", "2001:db8:0:1::/65"),
        ("2001:db8:0:3::/63", "2001:db8:0:2::/63"), ("ffff::/0", "::/0"), ("::1", "::1/128"),
        ("::ffff:10.0.0.1", "10.0.0.1/32"),
    ])
    func `reads a block and clears what its prefix leaves open`(text: String, canonical: String) {
        #expect(CIDR(text)?.description == canonical)
    }

    @Test(arguments: [
        "", "/", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/+8", "10.0.0.0/8/8", "10.0.0/8", "::/129",
        "10.0.0.0/ 8", "10.0.0.0/1000", "fe80::1%eth0/64", "example.com/8", "10.0.0.0/٨",
    ])
    func `refuses what is no block`(text: String) {
        #expect(CIDR(text) == nil)
    }

    @Test func `contains exactly its addresses, for every prefix`() throws {
        for prefix in 0...32 {
            let base: UInt32 = 0xCB00_7107
            let block = try #require(CIDR(.v4(base), prefix: prefix))
            #expect(block.contains(.v4(base)))
            for bit in 0..<32 {
                let isInside = bit >= prefix
                #expect(block.contains(.v4(base ^ (1 << UInt32(31 - bit)))) == isInside, "/\(prefix), bit \(bit)")
            }
        }
        for prefix in 0...128 {
            let (high, low): (UInt64, UInt64) = (0x2001_0db8_1234_5678, 0x9abc_def0_0fed_cba9)
            let block = try #require(CIDR(.v6(high: high, low: low), prefix: prefix))
            for bit in 0..<128 {
                let other = IPAddress.v6(
                    high: bit < 64 ? high ^ (1 << UInt64(63 - bit)) : high,
                    low: bit < 64 ? low : low ^ (1 << UInt64(127 - bit))
                )
                #expect(block.contains(other) == (bit >= prefix), "/\(prefix), bit \(bit)")
            }
        }
        #expect(CIDR(.v4(0), prefix: 33) == nil && CIDR(.v4(0), prefix: -1) == nil)
        #expect(CIDR(.v6(high: 0, low: 0), prefix: 129) == nil)
    }

    @Test func `never contains an address of the other family`() throws {
        let all4 = try #require(CIDR("0.0.0.0/0"))
        let all6 = try #require(CIDR("::/0"))
        #expect(!all4.contains(.v6(high: 0, low: 0)) && !all6.contains(.v4(0)))
        let small6 = try #require(CIDR("::/100"))
        #expect(!small6.contains(.v4(0)))
    }
}
