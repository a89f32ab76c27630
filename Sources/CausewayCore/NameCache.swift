public import CausewayBytes

/// What names resolved to a short while ago, for one loop: both families of at most `capacity` names.
///
/// When it is full, the entry that goes is found by a hand that turns over all of them, takes the first that has not
/// been asked for since it passed, and never stops at a fresh one twice: constant cost on average, and what is in use
/// stays (the clock algorithm).
public struct NameCache: Sendable {
    /// What is known of one family of a name.
    public enum Answer: Equatable, Sendable {
        /// At least one address.
        case addresses([IPAddress])
        /// The name has no address of the family, or does not exist.
        case negative
    }

    /// The bounds between which a server's time to live is believed. Less would defeat the cache under load, and more
    /// would follow a move too late.
    public static let timeToLive = Interval.seconds(5)...Interval.seconds(300)
    /// How long a failure is remembered.
    public static let negativeTimeToLive = Interval.seconds(5)
    /// Addresses kept per name and family: as many as `HappyEyeballs` would try.
    public static let maximumAddresses = HappyEyeballs.maximumAttempts

    private struct Known: Sendable {
        var addresses: [IPAddress] = []
        /// Valid before this instant; zero is never.
        var expiry = Instant(nanoseconds: 0)

        func answer(_ now: Instant) -> Answer? {
            guard now < self.expiry else { return nil }
            return self.addresses.isEmpty ? .negative : .addresses(self.addresses)
        }
    }

    private struct Slot: Sendable {
        var name: DomainName
        var v4 = Known()
        var v6 = Known()
        var wasAsked = false
    }

    /// The largest number of names.
    public let capacity: Int
    private var slots: [Slot] = []
    private var index: [DomainName: Int] = [:]
    private var hand = 0

    /// A cache of at most `capacity` names; zero for none.
    public init(capacity: Int = 1_024) {
        self.capacity = max(0, capacity)
    }

    /// Names that are kept, expired ones among them.
    public var count: Int { self.slots.count }

    /// What is known of both families of `name` and has not expired, for the price of one search.
    public mutating func answers(for name: DomainName, now: Instant) -> (v4: Answer?, v6: Answer?) {
        guard let name = name.canonical, let slot = self.index[name] else { return (nil, nil) }
        let answers = (v4: self.slots[slot].v4.answer(now), v6: self.slots[slot].v6.answer(now))
        if answers.v4 != nil || answers.v6 != nil { self.slots[slot].wasAsked = true }
        return answers
    }

    /// What is known of `family` of `name` and has not expired.
    public mutating func answer(for name: DomainName, family: AddressFamily, now: Instant) -> Answer? {
        let answers = self.answers(for: name, now: now)
        switch family {
        case .v4: return answers.v4
        case .v6: return answers.v6
        }
    }

    /// Keeps the addresses of `family` of `name` for `timeToLive`, which is brought within `NameCache.timeToLive`; no
    /// addresses are kept as a negative answer.
    public mutating func store(
        _ addresses: [IPAddress],
        for name: DomainName,
        family: AddressFamily,
        timeToLive: Interval,
        now: Instant
    ) {
        guard !addresses.isEmpty else { return self.storeNegative(for: name, family: family, now: now) }
        let bounds = Self.timeToLive
        let kept = addresses.count <= Self.maximumAddresses ? addresses : Array(addresses.prefix(Self.maximumAddresses))
        let expiry = now + min(max(timeToLive, bounds.lowerBound), bounds.upperBound)
        self.keep(Known(addresses: kept, expiry: expiry), name, family)
    }

    /// Keeps that `name` has no address of `family`.
    public mutating func storeNegative(for name: DomainName, family: AddressFamily, now: Instant) {
        self.keep(Known(expiry: now + Self.negativeTimeToLive), name, family)
    }

    /// Forgets everything, as after a change of the servers.
    public mutating func removeAll() {
        self.slots.removeAll(keepingCapacity: true)
        self.index.removeAll(keepingCapacity: true)
        self.hand = 0
    }

    private mutating func keep(_ known: Known, _ name: DomainName, _ family: AddressFamily) {
        guard self.capacity > 0, let name = name.canonical else { return }
        let slot = self.index[name] ?? self.makeSlot(for: name)
        switch family {
        case .v4: self.slots[slot].v4 = known
        case .v6: self.slots[slot].v6 = known
        }
    }

    private mutating func makeSlot(for name: DomainName) -> Int {
        guard self.slots.count == self.capacity else {
            self.slots.append(Slot(name: name))
            self.index[name] = self.slots.count - 1
            return self.slots.count - 1
        }
        // Ends after one turn at the latest: every slot it passes loses its mark.
        while self.slots[self.hand].wasAsked {
            self.slots[self.hand].wasAsked = false
            self.hand = (self.hand + 1) % self.capacity
        }
        let slot = self.hand
        self.hand = (self.hand + 1) % self.capacity
        self.index[self.slots[slot].name] = nil
        self.slots[slot] = Slot(name: name)
        self.index[name] = slot
        return slot
    }
}
