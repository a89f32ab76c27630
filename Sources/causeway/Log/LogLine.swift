import Logging

/// The text of an event: `message key=value key="two words"`, always one line, whatever a value holds.
enum LogLine {
    /// The line with its end. Fields come in the order of their keys.
    static func text(start: String, message: String, fields: Logger.Metadata) -> String {
        var line = start + self.escaped(message)
        for (key, value) in fields.sorted(by: { $0.key < $1.key }) {
            line += " \(self.escaped(key))=\(self.value("\(value)"))"
        }
        return line + "\n"
    }

    /// The text itself where it is one word; otherwise quoted.
    private static func value(_ text: String) -> String {
        let isWord = text.unicodeScalars.allSatisfy { scalar in
            scalar.value > 0x20 && scalar.value < 0x7f && scalar != "\"" && scalar != "=" && scalar != "\\"
        }
        return isWord && !text.isEmpty ? text : "\"\(self.escaped(text, quotes: true))\""
    }

    /// The text without anything that ends a line or moves a terminal's cursor.
    private static func escaped(_ text: String, quotes: Bool = false) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case "\"" where quotes, "\\" where quotes: result += "\\\(scalar)"
            default:
                switch scalar.properties.generalCategory {
                case .control, .format, .lineSeparator, .paragraphSeparator:
                    result += "\\u{\(String(scalar.value, radix: 16))}"
                default: result.unicodeScalars.append(scalar)
                }
            }
        }
        return result
    }
}
