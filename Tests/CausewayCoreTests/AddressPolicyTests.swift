import CausewayBytes
import Testing

@testable import CausewayCore

@Suite struct AddressPolicyTests {
    private func address(_ text: String, port: UInt16 = 443) throws -> SocketAddress {
        SocketAddress(ip: try #require(IPAddress(text)), port: port)
    }

    private func block(_ text: String) throws -> CIDR { try #require(CIDR(text)) }

    private func name(_ text: String) throws -> DomainName { try #require(DomainName(text.utf8)) }

    @Test func `every special block is read`() {
        let blocks = SpecialAddresses.v4 + SpecialAddresses.v6 + [SpecialAddresses.nat64, SpecialAddresses.sixToFour]
        #expect(blocks.allSatisfy { CIDR($0)?.description == $0 })
    }

    @Test(arguments: [
        "1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255",
        "128.0.0.0", "168.63.129.15", "169.253.255.255", "172.15.255.255", "172.32.0.0", "192.0.1.0", "192.0.3.0",
        "192.167.255.255", "192.169.0.0", "198.17.255.255", "198.20.0.0", "203.0.112.255", "223.255.255.255",
        "2000::", "2001:200::", "2606:4700::1111", "2a00:1450::1", "3ffe:ffff::", "3fff:1000::",
        "64:ff9b::8.8.8.8", "2002:808:808::1",
    ])
    func `public addresses are allowed`(text: String) throws {
        #expect(try AddressPolicy().verdict(for: self.address(text)) == .allowed)
    }

    @Test(arguments: [
        "0.0.0.0", "0.255.255.255", "10.0.0.0", "10.255.255.255", "100.64.0.0", "100.127.255.255", "100.100.100.200",
        "127.0.0.1", "127.255.255.255", "168.63.129.16", "169.254.169.254", "172.16.0.0", "172.31.255.255",
        "192.0.0.192", "192.0.2.1", "192.88.99.1", "192.168.0.1", "198.18.0.1", "198.19.255.255", "198.51.100.7",
        "203.0.113.7", "224.0.0.1", "239.255.255.255", "240.0.0.0", "255.255.255.255",
        "::", "::1", "::7f00:1", "::8.8.8.8", "::ffff:0:8.8.8.8", "64:ff9a::1", "64:ff9b:1::8.8.8.8", "100::1",
        "100:0:0:1::1", "1fff:ffff::", "2001::1", "2001:2::1", "2001:10::1", "2001:db8::1", "3fff::1", "4000::",
        "5f00::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fec0::1", "ff02::1",
    ])
    func `special addresses are refused`(text: String) throws {
        #expect(try AddressPolicy().verdict(for: self.address(text)) == .denied(.specialAddress))
    }

    @Test(arguments: [
        "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::127.0.0.1", "64:ff9b::169.254.169.254", "2002:7f00:1::",
        "2002:a9fe:a9fe::1", "2002:a00:1:ffff::1",
    ])
    func `an IPv4 address is judged inside an IPv6 address`(text: String) throws {
        #expect(try AddressPolicy().verdict(for: self.address(text)) == .denied(.specialAddress))
    }

    @Test func `an IPv4-mapped address that escaped its making is refused`() {
        let mapped = SocketAddress(ip: .v6(high: 0, low: 0xffff_0808_0808), port: 443)
        #expect(AddressPolicy().verdict(for: mapped) == .denied(.specialAddress))
    }

    @Test func `the allow list wins over the default and the deny list over both`() throws {
        let policy = AddressPolicy(
            allow: [try self.block("10.0.0.0/8"), try self.block("fd00::/8"), try self.block("64:ff9b::a00:0/104")],
            deny: [
                try self.block("10.1.0.0/16"), try self.block("1.1.1.0/24"), try self.block("fd00:1::/32"),
                try self.block("2606::/16"),
            ]
        )
        #expect(try policy.verdict(for: self.address("10.0.255.255")) == .allowed)
        #expect(try policy.verdict(for: self.address("10.1.0.0")) == .denied(.deniedAddress))
        #expect(try policy.verdict(for: self.address("10.2.0.0")) == .allowed)
        #expect(try policy.verdict(for: self.address("192.168.0.1")) == .denied(.specialAddress))
        #expect(try policy.verdict(for: self.address("1.1.1.1")) == .denied(.deniedAddress))
        #expect(try policy.verdict(for: self.address("1.1.2.1")) == .allowed)
        #expect(try policy.verdict(for: self.address("fd00::1")) == .allowed)
        #expect(try policy.verdict(for: self.address("fd00:1::1")) == .denied(.deniedAddress))
        #expect(try policy.verdict(for: self.address("fc00::1")) == .denied(.specialAddress))
        #expect(try policy.verdict(for: self.address("2606::1")) == .denied(.deniedAddress))
        #expect(try policy.verdict(for: self.address("64:ff9b::1.1.1.1")) == .denied(.deniedAddress))
        #expect(try policy.verdict(for: self.address("2002:101:101::1")) == .denied(.deniedAddress))
        #expect(try policy.verdict(for: self.address("64:ff9b::10.0.0.1")) == .allowed)
    }

    @Test func `everything can be denied and everything allowed`() throws {
        let all = [try self.block("0.0.0.0/0"), try self.block("::/0")]
        for text in ["0.0.0.0", "8.8.8.8", "255.255.255.255", "::", "2606::1", "ffff::", "64:ff9b::8.8.8.8"] {
            #expect(try AddressPolicy(allow: all).verdict(for: self.address(text)) == .allowed)
            #expect(
                try AddressPolicy(allow: all, deny: all).verdict(for: self.address(text)) == .denied(.deniedAddress)
            )
        }
    }

    @Test func `the node's own addresses are refused unless allowed`() throws {
        let own = [try #require(IPAddress("8.8.4.4")), try #require(IPAddress("2a00::5"))]
        let policy = AddressPolicy(ownAddresses: own)
        #expect(try policy.verdict(for: self.address("8.8.4.4")) == .denied(.ownAddress))
        #expect(try policy.verdict(for: self.address("8.8.4.5")) == .allowed)
        #expect(try policy.verdict(for: self.address("2a00::5")) == .denied(.ownAddress))
        #expect(try policy.verdict(for: self.address("64:ff9b::8.8.4.4")) == .denied(.ownAddress))
        let allowing = AddressPolicy(allow: [try self.block("8.8.4.4")], ownAddresses: own)
        #expect(try allowing.verdict(for: self.address("8.8.4.4")) == .allowed)
    }

    @Test func `port 25 is refused unless the operator names the denied ports`() throws {
        #expect(try AddressPolicy().verdict(for: self.address("8.8.8.8", port: 25)) == .denied(.deniedPort))
        #expect(try AddressPolicy().verdict(forName: self.name("mx.example"), port: 25) == .denied(.deniedPort))
        #expect(try AddressPolicy().verdict(for: self.address("8.8.8.8", port: 26)) == .allowed)
        #expect(try AddressPolicy(denyPorts: []).verdict(for: self.address("8.8.8.8", port: 25)) == .allowed)
    }

    @Test func `allowed ports are the only ones and denied ports win`() throws {
        let policy = AddressPolicy(allowPorts: [0, 25, 443, 65_535], denyPorts: [25])
        for port in UInt16.min...UInt16.max {
            let expected: AddressPolicy.Verdict = [0, 443, 65_535].contains(port) ? .allowed : .denied(.deniedPort)
            #expect(try policy.verdict(for: self.address("8.8.8.8", port: port)) == expected)
        }
    }

    @Test(arguments: [
        "sp.mux.sing-box.arpa", "sp.v2.udp-over-tcp.arpa", "SP.udp-over-tcp.ARPA.", "arpa", "1.0.0.127.in-addr.arpa",
    ])
    func `names below arpa are refused at once`(text: String) throws {
        #expect(try AddressPolicy().verdict(forName: self.name(text), port: 444) == .denied(.magicName))
    }

    @Test(arguments: ["notarpa", "arpa.example", "xarpa", "rpa", "a.b"])
    func `names that only look like arpa are not`(text: String) throws {
        #expect(try AddressPolicy().verdict(forName: self.name(text), port: 444) == .allowed)
    }

    @Test(arguments: ["127.1", "0x7f000001", "a\\b.example", "a..b", "."])
    func `names that are no host's are refused`(text: String) throws {
        #expect(try AddressPolicy().verdict(forName: self.name(text), port: 80) == .denied(.invalidName))
    }

    @Test func `domain lists apply to names and allowed ones exclude addresses`() throws {
        let policy = AddressPolicy(
            allowDomains: [try self.name("example.com")],
            denyDomains: [try self.name("bad.example.com")]
        )
        #expect(try policy.verdict(forName: self.name("www.Example.com"), port: 80) == .allowed)
        #expect(try policy.verdict(forName: self.name("x.bad.example.com"), port: 80) == .denied(.deniedDomain))
        #expect(try policy.verdict(forName: self.name("example.org"), port: 80) == .denied(.domainNotAllowed))
        let literal = Address(try self.address("8.8.8.8"))
        #expect(policy.verdict(for: literal) == .denied(.domainNotAllowed))
        #expect(AddressPolicy().verdict(for: literal) == .allowed)
        #expect(try policy.verdict(for: self.address("8.8.8.8")) == .allowed)
        #expect(try AddressPolicy().verdict(for: Address(self.address("10.0.0.1"))) == .denied(.specialAddress))
    }
}
