import CausewayBytes
import Yams

// Exits of the type `group`.
extension ConfigurationReader {
    func group(_ fields: Fields, name: String?) -> Configuration.Exit.Group? {
        typealias Group = Configuration.Exit.Group
        let members = self.members(fields)
        if let members { self.note(name, .group(members: members)) }
        let policy = fields.value("policy", default: .failover) { $0.choice(Configuration.Exit.Policy.self) }
        let hashBy = fields.value("hash_by", default: .source) { $0.choice(Configuration.Exit.HashKey.self) }
        let tolerance = fields.value("tolerance", default: Group.defaultTolerance) { $0.interval() }
        let check = fields["check"].map { self.check($0) } ?? .some(Self.check(of: Fields?.none))
        if let policy {
            self.warnOfUnused("hash_by", of: fields, unless: policy == .hash)
            self.warnOfUnused("tolerance", of: fields, unless: policy == .latency)
        }
        guard let members, let policy, let hashBy, let tolerance, let check else { return nil }
        return Group(members: members, policy: policy, hashBy: hashBy, tolerance: tolerance, check: check)
    }

    private func members(_ fields: Fields) -> [String]? {
        guard let field = fields.required("members"), let items = field.items() else { return nil }
        guard (1...Configuration.Exit.Group.maximumMembers).contains(items.count) else {
            return field.fail("needs 1 to \(Configuration.Exit.Group.maximumMembers) exits")
        }
        var members: [String] = []
        for item in items {
            guard let member = item.text() else { continue }
            if members.contains(member) {
                self.findings.error(at: item.place, "\"\(member)\" is a member already")
            }
            members.append(member)
            self.memberReferences.append((member, item.place))
        }
        return members
    }

    private func warnOfUnused(_ key: String, of fields: Fields, unless isUsed: Bool) {
        guard !isUsed, let field = fields[key] else { return }
        self.findings.warn(at: field.place, "has no meaning for this policy")
    }
}

// Health checks.
extension ConfigurationReader {
    /// The check that `field` describes: `.some(nil)` for `off`, `nil` where it is wrong.
    private func check(_ field: Field) -> Configuration.Exit.Check?? {
        if case .scalar(let scalar) = field.node {
            guard scalar.string == "off" else { return field.fail("is neither off nor { url, interval, … }") }
            return .some(nil)
        }
        guard let fields = field.fields("url", "interval", "timeout", "rise", "fall") else { return nil }
        return Self.check(of: fields).map { .some($0) }
    }

    /// The check with these fields, and the defaults for those that are not there.
    private static func check(of fields: Fields?) -> Configuration.Exit.Check? {
        typealias Check = Configuration.Exit.Check
        func value<Value>(_ key: String, default fallback: Value, _ read: (Field) -> Value?) -> Value? {
            fields?.value(key, default: fallback, read) ?? (fields == nil ? fallback : nil)
        }
        let url = value("url", default: CheckURL(Check.defaultURL)) {
            $0.parsed("a URL such as \"\(Check.defaultURL)\" (http only)") { CheckURL($0) }
        }
        let interval = value("interval", default: Check.defaultInterval) { $0.interval() }
        let timeout = value("timeout", default: Check.defaultTimeout) { $0.interval() }
        let rise = value("rise", default: Check.defaultRise) { $0.number(in: 1...100) }
        let fall = value("fall", default: Check.defaultFall) { $0.number(in: 1...100) }
        guard let url = url ?? nil, let interval, let timeout, let rise, let fall else { return nil }
        return Check(target: url.target, path: url.path, interval: interval, timeout: timeout, rise: rise, fall: fall)
    }
}
