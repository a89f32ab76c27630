import Testing

@testable import CausewayCore

@Suite struct AddressTableTests {
    @Test func `an empty table calls everything ordinary`() {
        let table = AddressTable<UInt8>([])
        #expect((UInt8.min...UInt8.max).allSatisfy { table.rank(of: $0) == .ordinary })
        #expect(Array(table.named).isEmpty)
    }

    /// All overlaps of a few ranges, the ends of the space among them, against the plain reading of the rule.
    @Test func `the highest class wins at every address`() {
        let edges: [(UInt8, UInt8)] = [(0, 0), (0, 255), (255, 255), (10, 20), (15, 30), (20, 21), (0, 9), (31, 255)]
        let ranks: [AddressRank] = [.special, .own, .allowed, .denied]
        for first in edges {
            for second in edges {
                for third in edges {
                    for turn in ranks.indices {
                        let entries = [first, second, third].enumerated().map { index, edge in
                            AddressTable<UInt8>
                                .Entry(low: edge.0, high: edge.1, rank: ranks[(index + turn) % ranks.count])
                        }
                        let table = AddressTable(entries)
                        for address in UInt8.min...UInt8.max {
                            let expected =
                                entries.filter { $0.low <= address && address <= $0.high }
                                .map(\.rank.rawValue).max() ?? 0
                            guard table.rank(of: address).rawValue == expected else {
                                Issue.record("\(address) in \(entries)")
                                return
                            }
                        }
                    }
                }
            }
        }
    }

    @Test func `names the segments that are not ordinary`() {
        let table = AddressTable<UInt8>([
            .init(low: 10, high: 20, rank: .special), .init(low: 21, high: 30, rank: .denied),
            .init(low: 250, high: 255, rank: .own),
        ])
        #expect(table.named.map { [$0.low, $0.high] } == [[10, 20], [21, 30], [250, 255]])
    }
}
