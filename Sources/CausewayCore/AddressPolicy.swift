public import CausewayBytes

/// What an exit may connect to: addresses, ports and names.
///
/// It is asked twice. A session's target, before anything is resolved, is judged by `verdict(for: Address)`; and every
/// address that is about to be connected, whether it was written so or came out of DNS, by
/// `verdict(for: SocketAddress)`. Only the second keeps a name from leading inside.
///
/// Among addresses the operator's deny list wins over the allow list, which wins over what is refused by default
/// (`SpecialAddresses` and the node's own). Allowing an address is an exception from the default; it takes nothing away
/// from other addresses. Allowed ports and allowed domains, where there are any, are the only ones.
///
/// The verdict on a public IPv4 address allocates nothing and touches two cache lines; the most costly, on an address
/// in a block with exceptions, is a binary search. A class, as every session and association has one at hand, and none
/// another.
public final class AddressPolicy: Sendable {
    public enum Verdict: Equatable, Sendable {
        case allowed
        case denied(Reason)
    }

    /// Why something is refused.
    public enum Reason: Equatable, Sendable {
        /// The address is in a special-purpose block: private, loopback, link-local, metadata, multicast, reserved.
        case specialAddress
        /// The address is one of this node's.
        case ownAddress
        /// The operator's list denies the address.
        case deniedAddress
        /// The port is denied, or there is a list of allowed ports without it.
        case deniedPort
        /// The operator's list denies the domain.
        case deniedDomain
        /// There is a list of allowed domains, and the name is below none of them, or is no name but an address.
        case domainNotAllowed
        /// The name is below `arpa`: no host, but a signal between proxies of a kind that is not spoken here.
        case magicName
        /// The name cannot be a host's.
        case invalidName
    }

    /// Ports refused where the operator does not say which: 25, the way spam leaves.
    public static let defaultDenyPorts: [UInt16] = [25]

    private let v4: AddressTable<UInt32>
    private let v6: AddressTable<UInt128>
    /// A bit for every first byte of an IPv4 address: whether the table has anything to say about such addresses.
    private let namedV4: (UInt64, UInt64, UInt64, UInt64)
    /// A bit for every port that is refused.
    private let deniedPorts: [UInt64]
    private let allowDomains: DomainSet
    private let denyDomains: DomainSet

    /// A policy of the operator's lists.
    ///
    /// - Parameters:
    ///   - allow: blocks that are not refused by default.
    ///   - deny: blocks that are refused whatever else is said.
    ///   - allowPorts: when not empty, the only ports.
    ///   - denyPorts: ports that are refused in any case.
    ///   - allowDomains: when not empty, the only domains; a target that is an address is refused then.
    ///   - denyDomains: domains that are refused in any case, with all that is below them.
    ///   - ownAddresses: the addresses of this node, refused unless allowed.
    public init(
        allow: [CIDR] = [],
        deny: [CIDR] = [],
        allowPorts: [UInt16] = [],
        denyPorts: [UInt16] = AddressPolicy.defaultDenyPorts,
        allowDomains: [DomainName] = [],
        denyDomains: [DomainName] = [],
        ownAddresses: [IPAddress] = []
    ) {
        var v4: [AddressTable<UInt32>.Entry] = []
        var v6: [AddressTable<UInt128>.Entry] = []
        func add(_ block: CIDR?, _ rank: AddressRank) {
            guard let block else { return }
            switch block.address {
            case .v4(let low):
                let span = block.prefix == 0 ? UInt32.max : ~(UInt32.max << UInt32(32 - block.prefix))
                v4.append(.init(low: low, high: low | span, rank: rank))
            case .v6(let high, let low):
                let first = UInt128(high) << 64 | UInt128(low)
                let span = block.prefix == 0 ? UInt128.max : ~(UInt128.max << UInt128(128 - block.prefix))
                v6.append(.init(low: first, high: first | span, rank: rank))
            }
        }
        for block in SpecialAddresses.v4 + SpecialAddresses.v6 { add(CIDR(block), .special) }
        add(CIDR(SpecialAddresses.nat64), .embedsLow)
        add(CIDR(SpecialAddresses.sixToFour), .embedsAfterPrefix)
        for address in ownAddresses { add(CIDR(address, prefix: address.isV4 ? 32 : 128), .own) }
        for block in allow { add(block, .allowed) }
        for block in deny { add(block, .denied) }
        self.v4 = AddressTable(v4)
        self.v6 = AddressTable(v6)

        var named: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
        for (low, high) in self.v4.named {
            for byte in low >> 24...high >> 24 {
                let bit = UInt64(1) << UInt64(byte & 63)
                switch byte >> 6 {
                case 0: named.0 |= bit
                case 1: named.1 |= bit
                case 2: named.2 |= bit
                default: named.3 |= bit
                }
            }
        }
        self.namedV4 = named

        var ports = Array(repeating: allowPorts.isEmpty ? UInt64(0) : .max, count: 1024)
        for port in allowPorts { ports[Int(port >> 6)] &= ~(1 << UInt64(port & 63)) }
        for port in denyPorts { ports[Int(port >> 6)] |= 1 << UInt64(port & 63) }
        self.deniedPorts = ports
        self.allowDomains = DomainSet(allowDomains)
        self.denyDomains = DomainSet(denyDomains)
    }

    /// The verdict on an address that is about to be connected or sent to.
    public func verdict(for address: SocketAddress) -> Verdict {
        if self.denies(address.port) { return .denied(.deniedPort) }
        switch address.ip {
        case .v4(let ip): return self.verdict(v4: ip)
        case .v6(let high, let low): return self.verdict(v6: UInt128(high) << 64 | UInt128(low))
        }
    }

    /// The verdict on a name before it is resolved; what it resolves to is judged on its own.
    public func verdict(forName name: DomainName, port: UInt16) -> Verdict {
        if self.denies(port) { return .denied(.deniedPort) }
        if Self.isBelowArpa(name) { return .denied(.magicName) }
        if self.denyDomains.contains(name) { return .denied(.deniedDomain) }
        if !self.allowDomains.isEmpty, !self.allowDomains.contains(name) { return .denied(.domainNotAllowed) }
        return name.isHostname ? .allowed : .denied(.invalidName)
    }

    /// The verdict on a session's target as the customer wrote it.
    public func verdict(for target: Address) -> Verdict {
        switch target.host {
        case .name(let name):
            return self.verdict(forName: name, port: target.port)
        case .ip(let ip):
            let verdict = self.verdict(for: SocketAddress(ip: ip, port: target.port))
            return verdict == .allowed && !self.allowDomains.isEmpty ? .denied(.domainNotAllowed) : verdict
        }
    }
}

extension AddressPolicy {
    private func denies(_ port: UInt16) -> Bool {
        self.deniedPorts[Int(port >> 6)] >> UInt64(port & 63) & 1 != 0
    }

    private func verdict(v4 ip: UInt32) -> Verdict {
        let word =
            switch ip >> 30 {
            case 0: self.namedV4.0
            case 1: self.namedV4.1
            case 2: self.namedV4.2
            default: self.namedV4.3
            }
        if word >> UInt64(ip >> 24 & 63) & 1 == 0 { return .allowed }
        switch self.v4.rank(of: ip) {
        case .ordinary, .allowed, .embedsLow, .embedsAfterPrefix: return .allowed
        case .special: return .denied(.specialAddress)
        case .own: return .denied(.ownAddress)
        case .denied: return .denied(.deniedAddress)
        }
    }

    private func verdict(v6 ip: UInt128) -> Verdict {
        switch self.v6.rank(of: ip) {
        case .ordinary, .allowed: return .allowed
        case .special: return .denied(.specialAddress)
        case .own: return .denied(.ownAddress)
        case .denied: return .denied(.deniedAddress)
        case .embedsLow: return self.verdict(v4: UInt32(truncatingIfNeeded: ip))
        case .embedsAfterPrefix: return self.verdict(v4: UInt32(truncatingIfNeeded: ip >> 80))
        }
    }

    /// Whether the last label of `name` is `arpa`.
    private static func isBelowArpa(_ name: DomainName) -> Bool {
        let bytes = name.bytes
        let end = bytes.last == UInt8(ascii: ".") ? bytes.count - 1 : bytes.count
        guard end >= 4, end == 4 || bytes[end - 5] == UInt8(ascii: ".") else { return false }
        return DomainName.lowercased(bytes[end - 4]) == UInt8(ascii: "a")
            && DomainName.lowercased(bytes[end - 3]) == UInt8(ascii: "r")
            && DomainName.lowercased(bytes[end - 2]) == UInt8(ascii: "p")
            && DomainName.lowercased(bytes[end - 1]) == UInt8(ascii: "a")
    }
}
