import Testing

@testable import CausewayConfig

@Suite struct YAMLDocumentTests {
    @Test(arguments: [
        ("", "f: is empty"),
        ("# only a comment", "f: is empty"),
        ("a: 1\n---\nb: 2", "f:2: is not YAML that is read here: but found another document"),
        ("a: 1\n b: 2", "f:2: is not YAML: "),
        ("a: [1, 2", "is not YAML: "),
        ("a: 1\nb: {", "is not YAML: "),
        ("a: 1\nb: 2\na: 3", "has twice: a"),
        ("a: \"\\ud800\"", "is not YAML: "),
        ("a: 1\nb: \u{7}", "is not YAML: control characters are not allowed"),
        ("a: &x 1", "f:1: anchors (&name) and aliases (*name) are not read"),
        ("a: 1\nb: &x [1]\nc: *x", "f:2: anchors (&name) and aliases (*name) are not read"),
        ("a: *x", "f:1: is not YAML that is read here: found undefined alias (quote a text that begins"),
    ])
    func `refuses what is not a single plain document`(text: String, finding: String) {
        let found = findings(text)
        #expect(found.count == 1)
        #expect(found.first?.contains(finding) == true, "\(found)")
    }

    @Test func `a bomb of aliases is refused before it goes off`() {
        for wrap in ["a%: &a% [b, b, b, b, b, b, b, b, b]", "? &a% [b, b, b, b, b, b, b, b, b]\n: 1"] {
            let text = (0..<40).map { level in
                wrap.replacing("%", with: "\(level)").replacing("b", with: level == 0 ? "x" : "*a\(level - 1)")
            }.joined(separator: "\n")
            #expect(
                findings(text) == ["f: has aliases, which are not read (quote a text that begins with an asterisk)"]
            )
        }
    }

    @Test(arguments: [
        ("a: *b", 1), ("[*a,*b, *c]", 3), ("{*a : *b}", 2), ("- *a\n-\t*b", 2), ("? *a", 1), ("*a", 1),
        ("{\"k\":*a}", 1),
        ("# *a *b\n  # *c", 0), ("a # *b", 1), ("# x\u{2028}? *a", 1), ("# x\u{85}*a", 1), ("a: \"*.b\"", 0),
        ("a*b", 0),
        ("# x\r*a", 1),
    ])
    func `counts every asterisk that could be an alias`(text: String, count: Int) {
        #expect(YAMLDocument.aliasCount(in: text) == count)
    }

    @Test func `depth is bounded, and reading it does not overflow the stack`() {
        for count in [13, 900, 500_000] {
            #expect(findings(String(repeating: "[", count: count)).count == 1)
            let closed = String(repeating: "[", count: count) + String(repeating: "]", count: count)
            #expect(findings(closed).count == 1)
            #expect(findings(String(repeating: "- ", count: count) + "x").count == 1)
            #expect(findings(String(repeating: "{a: ", count: count) + String(repeating: "}", count: count)).count == 1)
            #expect(findings(String(repeating: "? ", count: count)).count == 1)
        }
        let deep = "a: " + String(repeating: "[", count: 12) + String(repeating: "]", count: 12)
        #expect(findings(deep) == ["f:1: is nested more than 12 levels deep"])
    }

    @Test func `a megabyte is read and one byte more is not`() {
        let comment = "#" + String(repeating: "x", count: (1 << 20) - minimal.utf8.count - 1)
        #expect(findings(minimal + comment) == [])
        #expect(findings(minimal + comment + "x") == ["f: has more than 1048576 bytes"])
    }

    @Test(arguments: [
        "[", "{", "\"", "'", "a: b: ", "- ", "!", "%", "|", "@", "a\n", "a: 1\n", "\"\\", "? a\n", "!!binary ",
    ])
    func `a megabyte of one thing ends with a finding`(text: String) {
        let count = (1 << 20) / text.utf8.count
        #expect(!findings(String(repeating: text, count: count)).isEmpty)
    }

    @Test func `every beginning of a file is read without a trap`() {
        let text = "\u{feff}a: {b: [1, \"x\\u00e9\", 'y'], ? c : |\n d\n}\n&e f: *e # g\n--- !t h\n..."
        for count in 0...text.unicodeScalars.count {
            _ = findings(String(String.UnicodeScalarView(text.unicodeScalars.prefix(count))))
        }
    }
}
