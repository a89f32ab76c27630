/// A map from every address of one family to a class: sorted starts of segments, each with the class of all addresses
/// from there to the next start.
///
/// It is built once from overlapping ranges, of which the one with the highest class wins at each address, and then
/// asked by binary search. So its cost does not depend on how the ranges overlap, and grows with the logarithm of their
/// number: an operator may deny a country's ten thousand blocks.
struct AddressTable<Bound: FixedWidthInteger & UnsignedInteger & Sendable>: Sendable {
    /// Addresses `low` to `high`, both included, of class `rank`.
    struct Entry: Sendable {
        var low: Bound
        var high: Bound
        var rank: AddressRank
    }

    /// Ascending; the first is zero, so that every address has a segment.
    private let starts: [Bound]
    private let ranks: [AddressRank]

    init(_ entries: [Entry]) {
        var edges: [(at: Bound, rank: AddressRank, opens: Bool)] = []
        edges.reserveCapacity(entries.count * 2)
        for entry in entries {
            edges.append((entry.low, entry.rank, true))
            let (end, overflow) = entry.high.addingReportingOverflow(1)
            if !overflow { edges.append((end, entry.rank, false)) }
        }
        edges.sort { $0.at < $1.at }

        var starts: [Bound] = [0]
        var ranks: [AddressRank] = [.ordinary]
        var open = Array(repeating: 0, count: AddressRank.allCases.count)
        var index = 0
        while index < edges.count {
            let position = edges[index].at
            while index < edges.count, edges[index].at == position {
                open[Int(edges[index].rank.rawValue)] += edges[index].opens ? 1 : -1
                index += 1
            }
            let rank = AddressRank.allCases.last { open[Int($0.rawValue)] > 0 } ?? .ordinary
            if rank == ranks[ranks.count - 1] { continue }
            if position == starts[starts.count - 1] {
                ranks[ranks.count - 1] = rank
            } else {
                starts.append(position)
                ranks.append(rank)
            }
        }
        self.starts = starts
        self.ranks = ranks
    }

    /// The class of `address`.
    func rank(of address: Bound) -> AddressRank {
        // The last start that is not beyond the address; the first start is zero.
        var low = 0
        var high = self.starts.count
        while high - low > 1 {
            let middle = low + (high - low) / 2
            if self.starts[middle] <= address {
                low = middle
            } else {
                high = middle
            }
        }
        return self.ranks[low]
    }

    /// The segments that some list names, each from its first to its last address.
    var named: some Sequence<(low: Bound, high: Bound)> {
        self.starts.indices.lazy.filter { self.ranks[$0] != .ordinary }.map { index in
            (self.starts[index], index + 1 < self.starts.count ? self.starts[index + 1] - 1 : .max)
        }
    }
}

/// What the lists say of an address. Where several speak of the same address, the later case wins.
enum AddressRank: UInt8, CaseIterable, Sendable {
    /// No list names it.
    case ordinary
    /// A special-purpose block, refused unless allowed.
    case special
    /// It carries an IPv4 address that is judged in its place: the low 32 bits (NAT64).
    case embedsLow
    /// It carries an IPv4 address that is judged in its place: bits 16 to 47 (6to4).
    case embedsAfterPrefix
    /// An address of this node, refused unless allowed.
    case own
    /// The operator's allow list.
    case allowed
    /// The operator's deny list.
    case denied
}
