import CausewayAdmin
import CausewayBytes

/// A node's status for people.
struct StatusText {
    let status: NodeStatus
    /// Whether states may have colours.
    let hasColours: Bool

    func lines() -> [String] {
        let sessions = self.status.sessions
        var lines = [
            "causeway \(self.status.version), up \(Quantities.time(self.status.uptime)), "
                + "\(self.status.loops) loops, \(self.status.aead), \(sessions.live) of \(sessions.limit) sessions"
        ]
        lines += self.section("listeners", self.listeners)
        lines += self.section("exits", self.exits)
        if let table = self.datagrams { lines += self.section("UDP", table) }
        if let congestion = self.status.congestion {
            lines += self.section("congestion control", self.table(of: congestion))
            for place in congestion {
                lines += ([place.reason].compactMap { $0 } + place.warnings).map { "  \(place.name): \($0)" }
            }
        }
        for group in self.status.groups {
            lines += self.section("group \(group.name), \(group.policy)", self.members(of: group))
        }
        return lines
    }

    private func section(_ name: String, _ table: Table) -> [String] {
        ["", name] + table.lines().map { "  \($0)" }
    }

    private var listeners: Table {
        var table = Table([
            ("name", .left), ("type", .left), ("address", .left), ("exit", .left), ("sessions", .right),
            ("total", .right), ("refused", .right), ("up", .right), ("down", .right),
        ])
        for listener in self.status.listeners {
            table.append([
                listener.name, listener.type, listener.addresses.joined(separator: ","), listener.exit ?? "-",
                "\(listener.sessions)", "\(listener.total)", "\(listener.refused)",
                Quantities.bytes(listener.bytesUp), Quantities.bytes(listener.bytesDown),
            ])
        }
        return table
    }

    private var exits: Table {
        var table = Table([
            ("name", .left), ("type", .left), ("server", .left), ("sessions", .right), ("total", .right),
            ("failures", .right), ("up", .right), ("down", .right), ("warm", .right), ("found", .right),
        ])
        // A group's sessions are its members'.
        for exit in self.status.exits where exit.type != "group" {
            let warm = exit.warm.map { "\($0.ready)/\($0.maximum)" } ?? "-"
            let found = exit.warm.flatMap { warm in
                let asked = warm.taken + warm.missed
                return asked == 0 ? nil : "\(100 * warm.taken / asked) %"
            }
            table.append([
                exit.name, exit.type, exit.server ?? "-", "\(exit.sessions)", "\(exit.total)", "\(exit.failures)",
                Quantities.bytes(exit.bytesUp), Quantities.bytes(exit.bytesDown), warm, found ?? "-",
            ])
        }
        return table
    }

    /// What there is of datagrams; none before there are some.
    private var datagrams: Table? {
        var table = Table([
            ("of", .left), ("name", .left), ("associations", .right), ("total", .right), ("up", .right),
            ("down", .right), ("refused", .right), ("dropped", .right), ("too large", .right),
        ])
        let places =
            self.status.listeners.map { ("listener", $0.name, $0.udp) }
            + self.status.exits.map { ("exit", $0.name, $0.udp) }
        var isEmpty = true
        for case (let side, let name, let udp?) in places where udp.total + udp.refused + udp.dropped > 0 {
            isEmpty = false
            table.append([
                side, name, "\(udp.associations)", "\(udp.total)", "\(udp.up)", "\(udp.down)", "\(udp.refused)",
                "\(udp.dropped)", "\(udp.tooLarge)",
            ])
        }
        return isEmpty ? nil : table
    }

    private func table(of congestion: [CongestionStatus]) -> Table {
        var table = Table([
            ("of", .left), ("name", .left), ("asked", .left), ("in force", .left), ("rate", .right),
            ("for each", .left), ("a socket", .right),
            ("sockets", .right), ("sent again", .right), ("round trip", .right),
        ])
        for place in congestion {
            table.append([
                place.side, place.name, place.asked, place.inForce ?? "-",
                place.rate.map { BitRate(bitsPerSecond: $0).description } ?? "-", place.share ?? "-",
                place.ratePerSocket.map { Quantities.rate($0) } ?? "-", "\(place.sockets)",
                place.retransmittedPerMille.map { "\(($0).rounded() / 10) %" } ?? "-",
                place.roundTripMilliseconds.map { Quantities.milliseconds($0) } ?? "-",
            ])
        }
        return table
    }

    private func members(of group: GroupStatus) -> Table {
        var table = Table([
            ("exit", .left), ("state", .left), ("since", .right), ("latency", .right), ("sessions", .right),
            ("last failure", .left),
        ])
        for member in group.members {
            table.append([
                member.exit, self.coloured(member.state), member.secondsInState.map { Quantities.time($0) } ?? "-",
                member.latencyMilliseconds.map { Quantities.milliseconds($0) } ?? "-", "\(member.sessions)",
                member.reason ?? "-",
            ])
        }
        return table
    }

    private func coloured(_ state: String) -> String {
        guard self.hasColours else { return state }
        let code =
            switch state {
            case "up": 32
            case "down": 31
            default: 33
            }
        return "\u{1b}[\(code)m\(state)\u{1b}[0m"
    }
}
