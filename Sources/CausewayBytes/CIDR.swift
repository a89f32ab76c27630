/// A block of addresses of one family: `10.0.0.0/8`, `fc00::/7`, or a single address (RFC 4632, RFC 4291 section 2.3).
public struct CIDR: Hashable, Sendable, CustomStringConvertible {
    /// The block's first address; bits beyond `prefix` are zero.
    public let address: IPAddress
    /// Leading bits that an address of the block shares: 0...32 or 0...128.
    public let prefix: Int

    /// The block of `address` and the `prefix` bits that count, the rest cleared. `nil` when `prefix` is out of range.
    public init?(_ address: IPAddress, prefix: Int) {
        switch address {
        case .v4(let ip):
            guard (0...32).contains(prefix) else { return nil }
            self.address = .v4(prefix == 0 ? 0 : ip & (UInt32.max << UInt32(32 - prefix)))
        case .v6(let high, let low):
            guard (0...128).contains(prefix) else { return nil }
            let highMask = prefix >= 64 ? UInt64.max : UInt64.max << UInt64(64 - prefix)
            let lowMask = prefix <= 64 ? 0 : UInt64.max << UInt64(128 - prefix)
            self.address = .v6(high: prefix == 0 ? 0 : high & highMask, low: low & lowMask)
        }
        self.prefix = prefix
    }

    /// The block written as `address/prefix`, or one address.
    public init?(_ text: some StringProtocol) {
        guard let slash = text.firstIndex(of: "/") else {
            guard let address = IPAddress(text) else { return nil }
            self.init(address, prefix: address.isV4 ? 32 : 128)
            return
        }
        let digits = text[text.index(after: slash)...]
        guard let address = IPAddress(text[..<slash]), (1...3).contains(digits.count),
            digits.allSatisfy({ $0.isASCII && $0.isNumber }), let prefix = Int(digits)
        else { return nil }
        self.init(address, prefix: prefix)
    }

    /// Whether `other` lies in the block; never across families.
    public func contains(_ other: IPAddress) -> Bool {
        guard let block = CIDR(other, prefix: self.prefix), block.address.isV4 == self.address.isV4 else {
            return false
        }
        return block.address == self.address
    }

    public var description: String { "\(self.address)/\(self.prefix)" }
}
