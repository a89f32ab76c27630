public import CausewayBytes

/// Which devices a user is at, counted by source address: an IPv4 address or an IPv6 network of 64 bits, so that a
/// family behind one router is one.
///
/// A device counts while it has moved a byte within ``silence``. A newcomer above the limit is let in for ``grace``: a
/// phone that goes from Wi-Fi to mobile falls silent at its old address meanwhile. If it is still one too many when
/// the grace is over, the newcomer has to go, and gets no other grace until the place is free.
public struct DeviceTable: Sendable {
    /// Without a byte for so long a device counts no more.
    public static let silence = Interval.seconds(30)
    /// How long one device too many is suffered.
    public static let grace = Interval.seconds(60)
    /// Devices that are remembered beyond the limit.
    private static let spare = 8

    /// A place that connections come from.
    public struct Source: Hashable, Sendable {
        let high: UInt64
        let low: UInt64

        public init(_ address: IPAddress) {
            switch address {
            case .v4(let bits): (self.high, self.low) = (0xffff, UInt64(bits))
            case .v6(let high, _): (self.high, self.low) = (high, 0)
            }
        }
    }

    private struct Device: Sendable {
        var source: Source
        var last: Instant
        /// When it came, as one too many.
        var suffered: Instant?
        /// Its grace has been used up.
        var isRefused = false
    }

    private var devices: [Device] = []

    public init() {}

    /// Whether a connection from `source` is let in, where `limit` devices are allowed.
    public mutating func admit(_ source: Source, limit: Int, now: Instant) -> Bool {
        self.forget(now: now)
        let others = self.devices.count { $0.source != source && !$0.isRefused && Self.isLive($0, now) }
        let hasRoom = others < limit
        if let index = self.devices.firstIndex(where: { $0.source == source }) {
            if hasRoom {
                self.devices[index].suffered = nil
                self.devices[index].isRefused = false
            } else if self.devices[index].isRefused {
                return false
            } else if !Self.isLive(self.devices[index], now), self.devices[index].suffered == nil {
                self.devices[index].suffered = now
            }
            self.devices[index].last = max(self.devices[index].last, now)
            return true
        }
        if !hasRoom {
            // One at a time: else each connection from another address would be let in.
            let suffered = self.devices.count { $0.suffered != nil && !$0.isRefused && Self.isLive($0, now) }
            guard suffered == 0, self.devices.count < limit + Self.spare else { return false }
        }
        self.devices.append(Device(source: source, last: now, suffered: hasRoom ? nil : now))
        return true
    }

    /// Notes that bytes have moved.
    public mutating func touch(_ source: Source, now: Instant) {
        guard let index = self.devices.firstIndex(where: { $0.source == source }) else { return }
        self.devices[index].last = max(self.devices[index].last, now)
    }

    /// The devices whose grace is over and that are still too many: their sessions have to end.
    public mutating func overdue(limit: Int, now: Instant) -> [Source] {
        self.forget(now: now)
        var overdue: [Source] = []
        var live = self.devices.count { !$0.isRefused && Self.isLive($0, now) }
        for index in self.devices.indices {
            guard let since = self.devices[index].suffered, !self.devices[index].isRefused else { continue }
            if live <= limit {
                self.devices[index].suffered = nil
            } else if now - since >= Self.grace, Self.isLive(self.devices[index], now) {
                self.devices[index].isRefused = true
                live -= 1
                overdue.append(self.devices[index].source)
            }
        }
        return overdue
    }

    /// Devices that count now.
    public func count(now: Instant) -> Int {
        self.devices.count { !$0.isRefused && Self.isLive($0, now) }
    }

    private static func isLive(_ device: Device, _ now: Instant) -> Bool { now - device.last < Self.silence }

    /// Forgets who has been away for so long that a grace would be due again.
    private mutating func forget(now: Instant) {
        self.devices.removeAll { now - $0.last >= Interval(nanoseconds: 10 * Self.grace.nanoseconds) }
    }
}
