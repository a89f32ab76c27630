import Logging
import Testing

@testable import causeway

@Suite struct LogLineTests {
    @Test func `fields follow the message in the order of their keys`() {
        let fields: Logger.Metadata = ["port": "443", "exit": "out", "reason": "no route"]
        #expect(
            LogLine.text(start: "<6>", message: "refused", fields: fields)
                == "<6>refused exit=out port=443 reason=\"no route\"\n"
        )
    }

    @Test(arguments: [
        ("", #""""#), ("a b", #""a b""#), ("a\nb", #""a\nb""#), ("a\"b", #""a\"b""#), ("a\\b", #""a\\b""#),
        ("a=b", #""a=b""#),
        ("\u{1b}[2J", #""\u{1b}[2J""#), ("\u{2028}", #""\u{2028}""#), ("[::]:443", "[::]:443"),
        ("caf\u{e9}", "\"caf\u{e9}\""),
    ])
    func `a value that is not one plain word is quoted, and never ends the line`(value: String, text: String) {
        #expect(LogLine.text(start: "", message: "m", fields: ["k": "\(value)"]) == "m k=\(text)\n")
    }

    @Test func `neither does a message`() {
        #expect(LogLine.text(start: "", message: "a\nb\u{7}", fields: [:]) == "a\\nb\\u{7}\n")
    }
}
