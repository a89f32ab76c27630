import Yams

/// Reads YAML into nodes, for files that may have been written to do harm.
///
/// Anchors and aliases are refused: a configuration is a page long and does not need them, and with them a small file
/// can stand for a huge one.
enum YAMLDocument {
    /// Bytes of a file. Some ten thousand users fit.
    static let maximumCount = 1 << 20
    /// Lists and mappings inside each other; the deepest place that has a meaning is half as deep.
    static let maximumDepth = 12
    /// What looks like an alias in the text. The parser beneath compares mapping keys with all that is in them, which
    /// takes exponential time where keys are built of aliases; so few are harmless, and may as well be an asterisk in
    /// a comment.
    static let maximumAliasCount = 8

    /// The root of the only document in `text`; `nil`, and a finding, where there is none or it is refused.
    static func root(of text: String, findings: Findings) -> Yams.Node? {
        let whole = Place(path: "", line: nil)
        guard text.utf8.count <= self.maximumCount else {
            findings.error(at: whole, "has more than \(self.maximumCount) bytes")
            return nil
        }
        guard self.aliasCount(in: text) <= self.maximumAliasCount else {
            findings.error(at: whole, "has aliases, which are not read (quote a text that begins with an asterisk)")
            return nil
        }
        do {
            // Every plain scalar stays text: what type it has is for its key to say.
            let parser = try Yams.Parser(yaml: text, resolver: .basic, encoding: .utf8)
            guard let root = try parser.singleRoot() else {
                findings.error(at: whole, "is empty")
                return nil
            }
            // Nodes hold their anchors weakly: the parser must outlive the search.
            let isPlain = withExtendedLifetime(parser) { self.isPlain(root, depth: 1, findings: findings) }
            return isPlain ? root : nil
        } catch {
            self.report(error, in: text, findings: findings)
            return nil
        }
    }

    /// Whether the tree has neither anchors nor more levels than are read. The search is in the order of the text, so
    /// it ends at an anchor before it comes to the aliases, and never visits more nodes than were written.
    private static func isPlain(_ node: Yams.Node, depth: Int, findings: Findings) -> Bool {
        let place = Place(path: "", line: node.mark?.line)
        guard node.anchor == nil else {
            findings.error(at: place, "anchors (&name) and aliases (*name) are not read")
            return false
        }
        guard depth <= self.maximumDepth else {
            findings.error(at: place, "is nested more than \(self.maximumDepth) levels deep")
            return false
        }
        switch node {
        case .scalar, .alias:
            return true
        case .sequence(let sequence):
            return sequence.allSatisfy { self.isPlain($0, depth: depth + 1, findings: findings) }
        case .mapping(let mapping):
            return mapping.allSatisfy { key, value in
                self.isPlain(key, depth: depth + 1, findings: findings)
                    && self.isPlain(value, depth: depth + 1, findings: findings)
            }
        }
    }

    /// Asterisks where an alias can begin. Never fewer than there are aliases, as only whole lines of comment are left
    /// out, and no other kind of line begins with a `#` and has an alias.
    static func aliasCount(in text: String) -> Int {
        var count = 0
        var isComment = false
        var isIndentation = true
        var previous = UInt8(ascii: "\n")
        for byte in text.utf8 {
            switch byte {
            // The last bytes of the other line ends of YAML 1.1 (NEL, LS, PS) end a line too, wherever they occur.
            case UInt8(ascii: "\n"), UInt8(ascii: "\r"), 0x85, 0xa8, 0xa9:
                isComment = false
                isIndentation = true
            case UInt8(ascii: " "), UInt8(ascii: "\t"):
                break
            case UInt8(ascii: "#"):
                isComment = isComment || isIndentation
                isIndentation = false
            case UInt8(ascii: "*"):
                if !isComment, previous <= 0x20 || previous >= 0x80 || "[{,:?-".utf8.contains(previous) { count += 1 }
                isIndentation = false
            default:
                isIndentation = false
            }
            previous = byte
        }
        return count
    }

    private static func report(_ error: any Error, in text: String, findings: Findings) {
        func fail(_ line: Int?, _ reason: String) {
            findings.error(at: Place(path: "", line: line), reason)
        }
        switch error as? YamlError {
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _):
            fail(mark.line, "is not YAML: \(context.map { "\($0.text), " } ?? "")\(problem)")
        case .composer(_, let problem, let mark, _):
            let hint = problem.contains("alias") ? " (quote a text that begins with an asterisk)" : ""
            fail(mark.line, "is not YAML that is read here: \(problem)\(hint)")
        case .duplicatedKeysInMapping(let duplicates, let context):
            fail(context.mark.line, "has twice: \(duplicates.joined(separator: ", "))")
        case .reader(let problem, let offset, _, _):
            let line = offset.map { text.prefix($0).count(where: \.isNewline) + 1 }
            fail(line, "is not YAML: \(problem)")
        default:
            fail(nil, "is not YAML")
        }
    }
}
