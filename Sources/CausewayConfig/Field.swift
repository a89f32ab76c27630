import CausewayBytes
import Yams

/// A value of the file and where it is. Each reading gives the value in the wanted type, or `nil` and a finding.
struct Field {
    let node: Yams.Node
    let place: Place
    let findings: Findings

    /// Records that the value is wrong. `nil`, of whatever type the caller has to return.
    func fail<Value>(_ reason: String, suggestion: String? = nil) -> Value? {
        self.findings.error(at: self.place, reason, suggestion: suggestion)
        return nil
    }

    /// Any scalar, as it was written.
    func text() -> String? {
        switch self.node {
        case .scalar(let scalar):
            let isPlain = scalar.style == .plain
            if isPlain, scalar.string.isEmpty || scalar.string == "~" || scalar.string == "null" {
                return self.fail("has no value")
            }
            return scalar.string
        case .mapping, .alias: return self.fail("must be a text, and is a mapping")
        case .sequence: return self.fail("must be a text, and is a list")
        }
    }

    /// Text that `parse` understands. `wanted` says what would be right, to follow "is not".
    func parsed<Value>(_ wanted: String, _ parse: (String) -> Value?) -> Value? {
        guard let text = self.text() else { return nil }
        return parse(text) ?? self.fail("is not \(wanted)")
    }

    func flag() -> Bool? {
        self.parsed("true or false") { text in
            switch text {
            case "true": true
            case "false": false
            default: nil
            }
        }
    }

    /// A whole number of decimal digits.
    func number(in range: ClosedRange<Int>) -> Int? {
        self.parsed("a whole number from \(range.lowerBound) to \(range.upperBound)") { text in
            guard text.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }), let number = Int(text) else { return nil }
            return range.contains(number) ? number : nil
        }
    }

    /// A length of time, above zero and up to `maximumInterval`.
    func interval() -> Interval? {
        self.parsed("a length of time such as \"30 s\", \"5 min\" or \"1 h\", above zero and up to 30 d") { text in
            guard let interval = Interval(text), interval.nanoseconds > 0 else { return nil }
            return interval <= Self.maximumInterval ? interval : nil
        }
    }

    /// What a timer can be told: far from where the arithmetic of instants would end.
    private static let maximumInterval = Interval.seconds(30 * 86_400)

    /// One of the words of an enumeration.
    func choice<Value: CaseIterable & RawRepresentable<String>>(_: Value.Type) -> Value? {
        guard let text = self.text() else { return nil }
        if let value = Value(rawValue: text) { return value }
        let words = Value.allCases.map(\.rawValue)
        let nearest = Suggestion.nearest(to: text, among: words)
        return self.fail("is not one of \(words.joined(separator: ", "))", suggestion: nearest)
    }

    /// The items of a list.
    func items() -> [Field]? {
        switch self.node {
        case .sequence(let sequence):
            return sequence.enumerated().map { index, node in
                let place = self.place.item(index, line: node.mark?.line)
                return Field(node: node, place: place, findings: self.findings)
            }
        case .scalar, .mapping, .alias:
            return self.fail("must be a list")
        }
    }

    /// Each item of a list in the wanted type. `nil` when one of them has not got it.
    func list<Value>(_ read: (Field) -> Value?) -> [Value]? {
        guard let items = self.items() else { return nil }
        let values = items.map(read)
        let known = values.compactMap { $0 }
        return known.count == values.count ? known : nil
    }

    /// As `list`, where a single value may stand for a list of one.
    func listOrOne<Value>(_ read: (Field) -> Value?) -> [Value]? {
        guard case .scalar = self.node else { return self.list(read) }
        return read(self).map { [$0] }
    }

    var isMapping: Bool {
        if case .mapping = self.node { true } else { false }
    }

    /// The fields of a mapping, whose keys are not looked at yet.
    func fields() -> Fields? {
        guard case .mapping(let mapping) = self.node else { return self.fail("must be a mapping of keys to values") }
        return Fields(mapping, place: self.place, findings: self.findings)
    }

    /// The fields of a mapping that has no other keys than these.
    func fields(_ known: String...) -> Fields? {
        guard let fields = self.fields() else { return nil }
        fields.check(known: known)
        return fields
    }
}
