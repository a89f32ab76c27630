import Foundation

/// As much of JSON Schema as the API's document uses, for checking answers against it.
struct Schema {
    let document: [String: Any]

    /// Where `value` is not as `schema` says; also where something that an object may have is missing, as the tests
    /// answer with everything there is.
    func faults(of value: Any, _ schema: [String: Any], at path: String) -> [String] {
        if let reference = schema["$ref"] as? String {
            return self.faults(of: value, self.resolve(reference), at: path)
        }
        if let choices = schema["oneOf"] as? [[String: Any]] {
            let fits = choices.count { self.faults(of: value, $0, at: path).isEmpty }
            return fits == 1 ? [] : ["\(path) is \(fits) of \(choices.count) things"]
        }
        var faults: [String] = []
        if let words = schema["enum"] as? [String], !words.contains(value as? String ?? "") {
            faults.append("\(path) is none of \(words)")
        }
        switch schema["type"] as? String {
        case "object":
            guard let object = value as? [String: Any] else { return ["\(path) is no object"] }
            return faults + self.faults(ofObject: object, schema, at: path)
        case "array":
            guard let items = value as? [Any] else { return ["\(path) is no list"] }
            guard let item = schema["items"] as? [String: Any] else { return ["\(path) has no schema of items"] }
            return faults + items.enumerated().flatMap { self.faults(of: $1, item, at: "\(path)[\($0)]") }
        case "string": return value is String ? faults : ["\(path) is no text"]
        case "boolean": return value is Bool ? faults : ["\(path) is neither true nor false"]
        case "number": return value is Double ? faults : ["\(path) is no number"]
        case "integer":
            guard let number = value as? Int else { return ["\(path) is no whole number"] }
            if let minimum = schema["minimum"] as? Int, number < minimum {
                faults.append("\(path) is below \(minimum)")
            }
            if let maximum = schema["maximum"] as? Int, number > maximum {
                faults.append("\(path) is above \(maximum)")
            }
            return faults
        default: return ["\(path) has no type in the document"]
        }
    }

    private func faults(ofObject object: [String: Any], _ schema: [String: Any], at path: String) -> [String] {
        let properties = schema["properties"] as? [String: [String: Any]] ?? [:]
        let others = schema["additionalProperties"] as? [String: Any]
        var faults = properties.keys.filter { object[$0] == nil }.map { "\(path).\($0) is missing" }
        for (key, value) in object {
            if let property = properties[key] ?? others {
                faults += self.faults(of: value, property, at: "\(path).\(key)")
            } else {
                faults.append("\(path).\(key) is not in the document")
            }
        }
        return faults
    }

    /// What `#/a/b` refers to; an empty schema, which fits nothing, where there is none.
    func resolve(_ reference: String) -> [String: Any] {
        reference.split(separator: "/").dropFirst().reduce(self.document) { $0[String($1)] as? [String: Any] ?? [:] }
    }
}
