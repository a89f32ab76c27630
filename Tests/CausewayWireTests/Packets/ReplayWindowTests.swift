import TestSupport
import Testing

@testable import CausewayWire

@Suite struct ReplayWindowTests {
    @Test func `every vector is judged as it should be`() throws {
        let vectors = try ShadowsocksVectors.load().sliding_window
        #expect(vectors.count == 6)
        for vector in vectors {
            var window = ReplayWindow<17>()
            #expect(ReplayWindow<17>.size == vector.window)
            for (index, packet) in vector.packets.enumerated() {
                let isAccepted = window.accepts(packet.number)
                #expect(isAccepted == packet.isAccepted, "\(vector.name), packet \(index)")
                if isAccepted { window.commit(packet.number) }
            }
        }
    }

    /// Numbers in their order, and whether each is accepted by a window of 2,048; those that are, are committed.
    @Test func `a window of 2,048 has these edges`() {
        let steps: [(UInt64, Bool)] = [
            (5, true), (5, false), (4, true), (0, true), (0, false),
            (2_052, true), (5, false), (4, false), (3, false), (6, true), (6, false),
            (2_053, true), (5, false), (7, true), (2_051, true), (2_052, false),
            (10_000, true), (7_952, false), (7_953, true), (7_953, false), (9_999, true),
            (10_064, true), (10_000, false), (8_017, true), (8_016, false),
            (.max, true), (.max, false), (.max - 2_047, true), (.max - 2_048, false), (10_064, false),
        ]
        #expect(PacketWindow.size == 2_048)
        var window = PacketWindow()
        for (index, step) in steps.enumerated() {
            #expect(window.accepts(step.0) == step.1, "step \(index + 1): \(step.0)")
            if step.1 { window.commit(step.0) }
        }
    }

    /// Against a set that remembers everything.
    @Test(arguments: [1, 2, 3] as [UInt64]) func `random numbers are judged as by a memory of all of them`(seed: UInt64)
    {
        var random = SeededGenerator(seed: seed)
        var window = PacketWindow()
        var known: Set<UInt64> = []
        var highest: UInt64?
        for _ in 0..<20_000 {
            let base = highest ?? 1_000_000
            let number =
                switch UInt8.random(in: 0..<10, using: &random) {
                case 0: base + UInt64.random(in: 0...5_000, using: &random)
                case 1...4: base + 1
                default: base - min(base, UInt64.random(in: 0...2_200, using: &random))
                }
            let isTooOld = highest.map { $0 > number && $0 - number >= PacketWindow.size } ?? false
            let expected = !isTooOld && !known.contains(number)
            #expect(window.accepts(number) == expected)
            guard expected else { continue }
            window.commit(number)
            known.insert(number)
            highest = max(highest ?? 0, number)
        }
    }

    @Test func `asking changes nothing`() {
        var window = PacketWindow()
        window.commit(100)
        for number in [0, 50, 101, 5_000, .max] as [UInt64] { _ = window.accepts(number) }
        #expect(window.accepts(99) && window.accepts(101) && !window.accepts(100))
    }
}
