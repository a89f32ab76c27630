import Testing

@testable import CausewayConfig

@Suite struct SuggestionTests {
    @Test(arguments: [
        ("", "", 0), ("a", "", 1), ("", "ab", 2), ("abc", "abc", 0), ("adress", "address", 1), ("exti", "exit", 1),
        ("kitten", "sitting", 3), ("ab", "ba", 1), ("ca", "abc", 3),
    ])
    func `counts insertions, deletions, replacements and swaps`(left: String, right: String, distance: Int) {
        #expect(Suggestion.distance(left, right) == distance)
        #expect(Suggestion.distance(right, left) == distance)
    }

    @Test func `suggests what is a slip away, and nothing else`() {
        let words = ["name", "type", "address", "exit", "timeouts"]
        #expect(Suggestion.nearest(to: "adress", among: words) == "address")
        #expect(Suggestion.nearest(to: "Name", among: words) == "name")
        #expect(Suggestion.nearest(to: "timeout", among: words) == "timeouts")
        #expect(Suggestion.nearest(to: "congestion", among: words) == nil)
        #expect(Suggestion.nearest(to: "a", among: ["b"]) == nil)
        #expect(Suggestion.nearest(to: "aes-gcm", among: ["2022-aes-gcm-long"]) == "2022-aes-gcm-long")
        #expect(Suggestion.nearest(to: "x", among: [String]()) == nil)
    }

    @Test func `long words cost no more than their beginnings`() {
        let long = String(repeating: "x", count: 1_000_000)
        #expect(Suggestion.distance(long, "y") == 64)
    }
}
