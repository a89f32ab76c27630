import CausewayCore
import Testing

@Suite struct MemberSetTests {
    @Test func `holds what was put in, from the first to the last`() {
        var set = MemberSet()
        #expect(set.isEmpty)
        for number in [0, 63, 31, 63] { set.insert(number) }
        #expect(set.count == 3)
        #expect((0..<64).filter { set.contains($0) } == [0, 31, 63])
    }
}
