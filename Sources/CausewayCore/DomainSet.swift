import CausewayBytes

/// A set of domains, asked whether a name is one of them or below one of them; case does not matter.
///
/// A name is hashed once from its end, and the hash is looked up at every dot on the way: the cost is the length of the
/// name, whatever the number of domains, and nothing is allocated. The bytes are compared on every hit, and the domains
/// are the operator's, so a hash that peers can foresee does no harm.
struct DomainSet: Sendable {
    /// All domains in a row, in lower case.
    private var bytes: [UInt8] = []
    /// Where domain `n` ends in `bytes`; it starts where the one before ends.
    private var ends: [Int] = []
    /// Hash table with open addressing: the number of the domain, or -1. The size is a power of two, at least twice
    /// the number of domains.
    private var slots: [Int32] = []

    /// The domains; a leading `.` or `*.` means nothing more, and one without any label means nothing at all.
    init(_ domains: [DomainName]) {
        guard !domains.isEmpty else { return }
        var size = 8
        while size < domains.count * 2 { size *= 2 }
        self.slots = Array(repeating: -1, count: size)
        for domain in domains {
            guard var name = domain.canonical?.bytes[...] else { continue }
            if name.starts(with: [UInt8(ascii: "*"), UInt8(ascii: ".")]) { name = name.dropFirst(2) }
            if name.first == UInt8(ascii: ".") { name = name.dropFirst() }
            guard !name.isEmpty else { continue }
            var hash = Self.seed
            for byte in name.reversed() { hash = Self.mix(hash, byte) }
            self.bytes.append(contentsOf: name)
            self.ends.append(self.bytes.count)
            var slot = Self.slot(hash, size: size)
            while self.slots[slot] >= 0 { slot = (slot + 1) & (size - 1) }
            self.slots[slot] = Int32(self.ends.count - 1)
        }
    }

    var isEmpty: Bool { self.ends.isEmpty }

    /// Whether `name` or a domain above it is in the set.
    func contains(_ name: DomainName) -> Bool {
        guard !self.isEmpty else { return false }
        let text = name.bytes
        let count = text.last == UInt8(ascii: ".") ? text.count - 1 : text.count
        var hash = Self.seed
        var index = count
        while index > 0 {
            index -= 1
            hash = Self.mix(hash, DomainName.lowercased(text[index]))
            guard index == 0 || text[index - 1] == UInt8(ascii: ".") else { continue }
            if self.find(hash, in: text, from: index, to: count) { return true }
        }
        return false
    }

    private func find(_ hash: UInt64, in text: [UInt8], from start: Int, to end: Int) -> Bool {
        var slot = Self.slot(hash, size: self.slots.count)
        while self.slots[slot] >= 0 {
            if self.equals(Int(self.slots[slot]), text, from: start, to: end) { return true }
            slot = (slot + 1) & (self.slots.count - 1)
        }
        return false
    }

    private func equals(_ domain: Int, _ text: [UInt8], from start: Int, to end: Int) -> Bool {
        let first = domain == 0 ? 0 : self.ends[domain - 1]
        guard self.ends[domain] - first == end - start else { return false }
        for offset in 0..<end - start
        where self.bytes[first + offset] != DomainName.lowercased(text[start + offset]) {
            return false
        }
        return true
    }

    // FNV-1a; the high half is folded into the slot, since its low bits alone mix little.
    private static let seed: UInt64 = 0xcbf2_9ce4_8422_2325

    private static func mix(_ hash: UInt64, _ byte: UInt8) -> UInt64 {
        (hash ^ UInt64(byte)) &* 0x100_0000_01b3
    }

    private static func slot(_ hash: UInt64, size: Int) -> Int {
        Int(truncatingIfNeeded: hash ^ hash >> 32) & (size - 1)
    }
}
