import Yams

/// The fields of a mapping of the file.
struct Fields {
    let place: Place
    let findings: Findings
    /// In the order of the file.
    private var keys: [String] = []
    private var fields: [String: Field] = [:]

    init(_ mapping: Yams.Node.Mapping, place: Place, findings: Findings) {
        self.place = place
        self.findings = findings
        for (key, value) in mapping {
            guard case .scalar(let scalar) = key else {
                findings.error(at: Place(path: place.path, line: key.mark?.line), "has a key that is no text")
                continue
            }
            // The line of the key: a value that is a list or mapping begins on the next.
            let place = place.key(scalar.string, line: scalar.mark?.line ?? value.mark?.line)
            self.keys.append(scalar.string)
            self.fields[scalar.string] = Field(node: value, place: place, findings: findings)
        }
    }

    subscript(key: String) -> Field? { self.fields[key] }

    /// The field, which has to be there.
    func required(_ key: String) -> Field? {
        if let field = self.fields[key] { return field }
        self.findings.error(at: self.place, "needs \"\(key)\"")
        return nil
    }

    /// The value that `read` takes from the field; `fallback` where the field is not there, and `nil` where it is
    /// there and wrong.
    func value<Value>(_ key: String, default fallback: Value, _ read: (Field) -> Value?) -> Value? {
        guard let field = self.fields[key] else { return fallback }
        return read(field)
    }

    /// The value that `read` takes from the field: `.some(nil)` where the field is not there, and `nil` where it is
    /// there and wrong.
    func optional<Value>(_ key: String, _ read: (Field) -> Value?) -> Value?? {
        guard let field = self.fields[key] else { return .some(nil) }
        return read(field).map { .some($0) }
    }

    /// Records every key that is none.
    func check(known: [String]) {
        for key in self.keys where !known.contains(key) {
            guard let field = self.fields[key] else { continue }
            if let nearest = Suggestion.nearest(to: key, among: known) {
                self.findings.error(at: field.place, "unknown key", suggestion: nearest)
            } else {
                self.findings.error(at: field.place, "unknown key; known here: \(known.joined(separator: ", "))")
            }
        }
    }
}
