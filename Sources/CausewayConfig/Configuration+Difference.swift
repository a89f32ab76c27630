/// What a reload would change.
public struct ConfigurationDifference: Equatable, Sendable {
    /// A line for each thing that is different at once; never a key.
    public var changes: [String] = []
    /// A line for each thing that holds from the next start on.
    public var atRestart: [String] = []

    public init() {}
}

extension Configuration {
    /// What is different in `new`, but for the users, whom the ledger knows better.
    public func difference(to new: Configuration) -> ConfigurationDifference {
        var difference = ConfigurationDifference()
        func compare<Item: Equatable>(
            _ kind: String,
            _ old: [Item],
            _ new: [Item],
            name: (Item) -> String,
            text: (Item) -> String
        ) {
            for item in old where !new.contains(where: { name($0) == name(item) }) {
                difference.changes.append("\(kind) \(name(item)): removed, and its sessions end")
            }
            for item in new {
                guard let before = old.first(where: { name($0) == name(item) }) else {
                    difference.changes.append("\(kind) \(name(item)): added, \(text(item))")
                    continue
                }
                guard before != item else { continue }
                // What has no word in the text is a key, or an order.
                let (old, new) = (text(before), text(item))
                let line = old == new ? "changed in its keys" : "\(old) -> \(new)"
                difference.changes.append("\(kind) \(name(item)): \(line)")
            }
        }
        compare("listener", self.listeners, new.listeners, name: \.name, text: \.summary)
        compare("exit", self.exits, new.exits, name: \.name, text: \.kind.summary)
        if self.log != new.log {
            difference.changes.append("log: \(self.log.level.rawValue) -> \(new.log.level.rawValue) and above")
        }
        if self.limits != new.limits {
            difference.changes.append("limits: \(self.limits.summary) -> \(new.limits.summary)")
        }
        if self.drain != new.drain { difference.changes.append("drain: \(self.drain) -> \(new.drain)") }
        if self.handover != new.handover {
            difference.changes.append("handover: \(self.handover) -> \(new.handover)")
        }
        if self.ledger.onFailure != new.ledger.onFailure {
            difference.changes.append(
                "ledger.on_failure: \(self.ledger.onFailure.rawValue) -> \(new.ledger.onFailure.rawValue)"
            )
        }
        if self.ledger.hourlyDays != new.ledger.hourlyDays {
            difference.changes.append("ledger.hours: \(self.ledger.hourlyDays) d -> \(new.ledger.hourlyDays) d")
        }
        difference.atRestart = self.differenceAtRestart(to: new)
        return difference
    }

    private func differenceAtRestart(to new: Configuration) -> [String] {
        var lines: [String] = []
        if self.loops != new.loops { lines.append("loops: \(self.loops) -> \(new.loops)") }
        if self.dns != new.dns { lines.append("dns") }
        if self.ledger.path != new.ledger.path {
            lines.append("ledger.path: \(self.ledger.path ?? "none") -> \(new.ledger.path ?? "none")")
        }
        if self.ledger.checkpoint != new.ledger.checkpoint {
            lines.append("ledger.checkpoint: \(self.ledger.checkpoint) s -> \(new.ledger.checkpoint) s")
        }
        if self.admin != new.admin { lines.append("admin: \(self.admin.summary) -> \(new.admin.summary)") }
        for listener in new.listeners {
            let open = self.listeners.first { !Set($0.addresses).isDisjoint(with: listener.addresses) }
            if let open, !open.socket.isMade(as: listener.socket) {
                lines.append("listener \(listener.name): options of sockets that listen already")
            }
        }
        return lines
    }
}
