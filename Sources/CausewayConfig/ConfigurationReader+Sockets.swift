import CausewayBytes
import Yams

// What sockets are made with.
extension ConfigurationReader {
    static let listenSocketKeys = ["keepalive", "mptcp", "fast_open", "congestion"]

    func listenSocket(_ fields: Fields) -> Configuration.ListenSocket? {
        let keepalive = self.keepalive(fields)
        let mptcp = fields.value("mptcp", default: false) { $0.flag() }
        let fastOpen = fields.value("fast_open", default: false) { $0.flag() }
        let congestion = self.congestion(fields)
        guard let keepalive, let mptcp, let fastOpen, let congestion else { return nil }
        return Configuration.ListenSocket(
            keepalive: keepalive,
            mptcp: mptcp,
            fastOpen: fastOpen,
            congestion: congestion
        )
    }

    func dialSocket(_ fields: Fields) -> Configuration.DialSocket? {
        let source = fields.value("source", default: []) { self.sources($0) }
        let interface = fields.optional("interface") { field in
            field.parsed("the name of an interface, of 1 to 15 bytes") { Self.isInterface($0) ? $0 : nil }
        }
        let mark = fields.optional("fwmark") { $0.mark() }
        let keepalive = self.keepalive(fields)
        let mptcp = fields.value("mptcp", default: false) { $0.flag() }
        let fastOpen = fields.value("fast_open", default: false) { $0.flag() }
        let congestion = self.congestion(fields)
        guard let source, let interface, let mark, let keepalive, let mptcp, let fastOpen, let congestion else {
            return nil
        }
        return Configuration.DialSocket(
            source: source,
            interface: interface,
            mark: mark,
            keepalive: keepalive,
            mptcp: mptcp,
            fastOpen: fastOpen,
            congestion: congestion
        )
    }

    private func sources(_ field: Field) -> [IPAddress]? {
        let wanted = "an IP address of this machine"
        let source = field.listOrOne { item in
            item.parsed(wanted) { text in IPAddress(text).flatMap { $0.isUnspecified ? nil : $0 } }
        }
        guard let source else { return nil }
        let countOfV4 = source.filter(\.isV4).count
        if countOfV4 <= 1, source.count - countOfV4 <= 1 { return source }
        return field.fail("has two addresses of one family")
    }

    /// A name that the kernel takes: below IFNAMSIZ, without a slash or white space (netdevice(7)).
    private static func isInterface(_ name: String) -> Bool {
        (1...15).contains(name.utf8.count) && name != "." && name != ".."
            && name.utf8.allSatisfy { (0x21...0x7e).contains($0) && $0 != UInt8(ascii: "/") }
    }

    /// `.some(nil)` where none is asked for.
    private func keepalive(_ fields: Fields) -> Configuration.Keepalive?? {
        typealias Keepalive = Configuration.Keepalive
        guard let field = fields["keepalive"] else { return .some(nil) }
        if case .scalar(let scalar) = field.node {
            if scalar.string == "off" { return .some(nil) }
            guard let idle = field.wholeSeconds() else { return nil }
            return Keepalive(idle: idle, interval: Keepalive.defaultInterval, count: Keepalive.defaultCount)
        }
        guard let inner = field.fields("idle", "interval", "count") else { return nil }
        let idle = inner.required("idle")?.wholeSeconds()
        let interval = inner.value("interval", default: Keepalive.defaultInterval) { $0.wholeSeconds() }
        let count = inner.value("count", default: Keepalive.defaultCount) { $0.number(in: 1...127) }
        guard let idle, let interval, let count else { return nil }
        return Keepalive(idle: idle, interval: interval, count: count)
    }
}

extension Field {
    /// A length of time as keepalive has it: in whole seconds, which the kernel keeps in fifteen bits (tcp(7)).
    fileprivate func wholeSeconds() -> Interval? {
        self.parsed("off, or whole seconds such as \"60 s\", from 1 s to 32767 s") { text in
            guard let interval = Interval(text), interval.nanoseconds % 1_000_000_000 == 0 else { return nil }
            return (1...32_767).contains(interval.nanoseconds / 1_000_000_000) ? interval : nil
        }
    }

    /// A mark of routing rules, decimal or with 0x; zero is no mark.
    fileprivate func mark() -> UInt32? {
        self.parsed("a mark from 1 to 0xffffffff") { text in
            let isHexadecimal = text.hasPrefix("0x")
            let digits = isHexadecimal ? text.dropFirst(2) : text[...]
            guard digits.utf8.allSatisfy({ $0 != UInt8(ascii: "+") && $0 != UInt8(ascii: "-") }),
                let mark = UInt32(digits, radix: isHexadecimal ? 16 : 10), mark > 0
            else { return nil }
            return mark
        }
    }
}
