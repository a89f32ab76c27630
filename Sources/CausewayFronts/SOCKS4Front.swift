import CausewayBytes

/// The server side of SOCKS4 and of its extension 4a, which carries a name.
///
///     request   04 | command | port u16be | IPv4[4] | user id … 00 | (IPv4 = 0.0.0.x, x ≠ 0:) name … 00
///     reply     00 | 5A granted, 5B not | port | IPv4
///
/// The user id proves nothing, so where authentication is required every request is refused.
struct SOCKS4Front: Sendable {
    /// The most that user id and name may take together, without their ends. No client comes near; without a limit a
    /// client could have a node keep what never ends.
    static let maximumTextCount = 512

    static let rejected: [UInt8] = [0, 0x5b, 0, 0, 0, 0, 0, 0]

    private static let headerCount = 8

    private let requiresAuthentication: Bool

    init(requiresAuthentication: Bool) {
        self.requiresAuthentication = requiresAuthentication
    }

    func receive(_ input: ByteRegion) -> (consumed: Int, step: MixedFront.Step) {
        guard input.count >= 2 else { return (0, .needMore) }
        guard input[1] == 1 else { return self.refuse(input) }
        guard input.count >= Self.headerCount else { return (0, .needMore) }
        guard !self.requiresAuthentication else { return self.refuse(input) }
        let ip = input.load(at: 4, as: UInt32.self)
        let named = ip != 0 && ip >> 8 == 0
        // Read again from its start whenever more has come: 514 bytes at most.
        let textEnd = min(input.count, Self.headerCount + Self.maximumTextCount + (named ? 2 : 1))
        guard let userEnd = self.zero(in: input, from: Self.headerCount, to: textEnd) else {
            return self.wait(input, textCount: input.count - Self.headerCount)
        }
        let port = input.load(at: 2, as: UInt16.self)
        guard named else {
            return (userEnd + 1, .request(.connect(Address(host: .ip(.v4(ip)), port: port))))
        }
        guard let nameEnd = self.zero(in: input, from: userEnd + 1, to: textEnd) else {
            return self.wait(input, textCount: input.count - Self.headerCount - 1)
        }
        guard let host = Host(input.region(userEnd + 1..<nameEnd).array()) else { return self.refuse(input) }
        return (nameEnd + 1, .request(.connect(Address(host: host, port: port))))
    }

    /// A bound IPv6 address does not fit the reply and is left out, as clients expect zeros anyway.
    static func granted(bound: SocketAddress?) -> [UInt8] {
        guard let bound, case .v4(let ip) = bound.ip else { return [0, 0x5a, 0, 0, 0, 0, 0, 0] }
        var bytes: [UInt8] = [0, 0x5a, 0, 0, 0, 0, 0, 0]
        bytes.withByteRegion { region in
            region.store(bound.port, at: 2)
            region.store(ip, at: 4)
        }
        return bytes
    }

    private func zero(in input: ByteRegion, from start: Int, to end: Int) -> Int? {
        var offset = start
        while offset < end {
            if input[offset] == 0 { return offset }
            offset += 1
        }
        return nil
    }

    /// More may come as long as the text of `textCount` bytes, whose end is not there, can still be within the limit.
    private func wait(_ input: ByteRegion, textCount: Int) -> (consumed: Int, step: MixedFront.Step) {
        textCount <= Self.maximumTextCount ? (0, .needMore) : self.refuse(input)
    }

    private func refuse(_ input: ByteRegion) -> (consumed: Int, step: MixedFront.Step) {
        (input.count, .refuse(Self.rejected))
    }
}
