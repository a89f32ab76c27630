/// The addresses that a node does not connect to unless it is told to: what the IANA special-purpose registries for
/// IPv4 and IPv6 (RFC 6890 and its successors) call not globally reachable, multicast, what is not allocated, and the
/// metadata services of hosting companies.
enum SpecialAddresses {
    /// IPv4, each block with the reason why it is here.
    static let v4: [String] = [
        "0.0.0.0/8",  // this network, RFC 791; Linux connects 0.0.0.0 to itself
        "10.0.0.0/8",  // private, RFC 1918
        "100.64.0.0/10",  // carrier-grade NAT, RFC 6598; has 100.100.100.200, metadata at Alibaba
        "127.0.0.0/8",  // loopback, RFC 1122
        "168.63.129.16/32",  // the host's own service at Azure, a public address
        "169.254.0.0/16",  // link-local, RFC 3927; has 169.254.169.254, metadata nearly everywhere
        "172.16.0.0/12",  // private, RFC 1918
        "192.0.0.0/24",  // protocol assignments, RFC 6890; has 192.0.0.192, metadata at Oracle
        "192.0.2.0/24",  // documentation, RFC 5737
        "192.88.99.0/24",  // 6to4 relays, deprecated by RFC 7526
        "192.168.0.0/16",  // private, RFC 1918
        "198.18.0.0/15",  // benchmarks, RFC 2544; local proxies like it for made-up addresses
        "198.51.100.0/24",  // documentation, RFC 5737
        "203.0.113.0/24",  // documentation, RFC 5737
        "224.0.0.0/4",  // multicast, RFC 5771
        "240.0.0.0/4",  // reserved, RFC 1112, with the limited broadcast address
    ]

    /// IPv6. Global unicast addresses are allocated from 2000::/3 only, so that all around it is refused: unspecified,
    /// loopback, IPv4-compatible and -translated (::/8), local NAT64 (64:ff9b:1::/48, RFC 8215), discard (100::/64,
    /// RFC 6666), segment identifiers (5f00::/16, RFC 9602), unique local (fc00::/7, RFC 4193; has fd00:ec2::254,
    /// metadata at Amazon), link-local (fe80::/10), site-local (fec0::/10) and multicast (ff00::/8).
    static let v6: [String] = [
        "::/3",
        "2001::/23",  // protocol assignments, RFC 2928: Teredo, benchmarks, ORCHID
        "2001:db8::/32",  // documentation, RFC 3849
        "3fff::/20",  // documentation, RFC 9637
        "4000::/2",
        "8000::/1",
    ]

    /// The NAT64 prefix of RFC 6052: the IPv4 address is the low 32 bits. Inside ::/3 and yet globally reachable.
    static let nat64: String = "64:ff9b::/96"

    /// 6to4, RFC 3056: the IPv4 address follows the 16 bits of the prefix.
    static let sixToFour: String = "2002::/16"
}
