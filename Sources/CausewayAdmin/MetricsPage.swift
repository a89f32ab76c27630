/// A node's counters for Prometheus, in its text format (version 0.0.4).
struct MetricsPage {
    private var lines: [String] = []

    /// - Parameter users: a series for each of them; none where nobody asked for that.
    init(_ status: NodeStatus, users: [UserStatus]) {
        self.add(
            "causeway_info",
            "gauge",
            "Which Causeway this is.",
            [
                (["version": status.version, "aead": status.aead], 1)
            ]
        )
        self.add("causeway_uptime_seconds", "gauge", "Time since the start.", [([:], status.uptime)])
        self.add("causeway_sessions", "gauge", "Sessions now.", [([:], UInt64(clamping: status.sessions.live))])
        self.add(
            "causeway_sessions_limit",
            "gauge",
            "Sessions at most.",
            [
                ([:], UInt64(clamping: status.sessions.limit))
            ]
        )
        self.addListeners(status.listeners)
        self.addExits(status.exits)
        self.addDatagrams(
            status.listeners.compactMap { listener in listener.udp.map { (["listener": listener.name], $0) } },
            of: "listener"
        )
        self.addDatagrams(
            status.exits.compactMap { exit in exit.udp.map { (["exit": exit.name], $0) } },
            of: "exit"
        )
        self.add(
            "causeway_group_member_up",
            "gauge",
            "Whether a member of a group is up.",
            status.groups.flatMap { group in
                group.members.map { (["group": group.name, "exit": $0.exit], $0.state == "up" ? 1 : 0) }
            }
        )
        self.add(
            "causeway_events_total",
            "counter",
            "What went wrong, by cause and place.",
            (status.events ?? []).map {
                (["cause": $0.cause, "reason": $0.reason, "at": $0.at], $0.count)
            }
        )
        self.addCongestion(status.congestion ?? [])
        if let all = status.users { self.add(all) }
        self.add(
            "causeway_user_bytes_total",
            "counter",
            "Billed bytes of a user.",
            users.flatMap { user in
                [
                    (["user": user.name, "direction": "up"], user.totalUp),
                    (["user": user.name, "direction": "down"], user.totalDown),
                ]
            }
        )
        self.add(
            "causeway_user_cycle_bytes",
            "gauge",
            "Billed bytes of a user in the present cycle.",
            users.map {
                (["user": $0.name], $0.used)
            }
        )
        self.add(
            "causeway_user_quota_bytes",
            "gauge",
            "The quota of the present cycle, top-ups included.",
            users.compactMap {
                user in user.quota.map { (["user": user.name], $0 + user.topUp) }
            }
        )
        self.add(
            "causeway_user_sessions",
            "gauge",
            "Sessions of a user now.",
            users.map {
                (["user": $0.name], UInt64(clamping: $0.connections))
            }
        )
    }

    /// The page.
    var text: String { self.lines.joined(separator: "\n") + "\n" }

    private mutating func addCongestion(_ places: [CongestionStatus]) {
        self.add(
            "causeway_congestion_sockets",
            "gauge",
            "Sockets with a congestion control of the configuration's, by what is asked for and what is in force.",
            places.map { place in
                let labels = ["side": place.side, "name": place.name, "asked": place.asked]
                return (labels.merging(["in_force": place.inForce ?? "none"]) { $1 }, UInt64(clamping: place.sockets))
            }
        )
    }

    private mutating func addDatagrams(_ places: [(labels: [String: String], udp: DatagramStatus)], of side: String) {
        self.add(
            "causeway_\(side)_associations",
            "gauge",
            "UDP associations of \(side == "exit" ? "an exit" : "a listener") now.",
            places.map { ($0.labels, UInt64(clamping: $0.udp.associations)) }
        )
        self.add(
            "causeway_\(side)_datagrams_total",
            "counter",
            "Datagrams through \(side == "exit" ? "an exit" : "a listener"), by direction or by why they went no farther.",
            places.flatMap { labels, udp in
                [
                    ("up", udp.up), ("down", udp.down), ("refused", udp.refused), ("dropped", udp.dropped),
                    ("too_large", udp.tooLarge),
                ].map { (labels.merging(["fate": $0.0]) { $1 }, $0.1) }
            }
        )
    }

    private mutating func addListeners(_ listeners: [ListenerStatus]) {
        self.add(
            "causeway_listener_bytes_total",
            "counter",
            "Bytes through a listener.",
            listeners.flatMap {
                [
                    (["listener": $0.name, "direction": "up"], $0.bytesUp),
                    (["listener": $0.name, "direction": "down"], $0.bytesDown),
                ]
            }
        )
        self.add(
            "causeway_listener_sessions",
            "gauge",
            "Sessions of a listener now.",
            listeners.map {
                (["listener": $0.name], UInt64(clamping: $0.sessions))
            }
        )
        self.add(
            "causeway_listener_sessions_total",
            "counter",
            "Sessions of a listener.",
            listeners.map {
                (["listener": $0.name], $0.total)
            }
        )
        self.add(
            "causeway_listener_refused_total",
            "counter",
            "Handshakes that were refused.",
            listeners.map {
                (["listener": $0.name], $0.refused)
            }
        )
    }

    private mutating func addExits(_ exits: [ExitStatus]) {
        self.add(
            "causeway_exit_bytes_total",
            "counter",
            "Bytes through an exit.",
            exits.flatMap {
                [
                    (["exit": $0.name, "direction": "up"], $0.bytesUp),
                    (["exit": $0.name, "direction": "down"], $0.bytesDown),
                ]
            }
        )
        self.add(
            "causeway_exit_sessions",
            "gauge",
            "Sessions of an exit now.",
            exits.map {
                (["exit": $0.name], UInt64(clamping: $0.sessions))
            }
        )
        self.add(
            "causeway_exit_sessions_total",
            "counter",
            "Sessions of an exit.",
            exits.map {
                (["exit": $0.name], $0.total)
            }
        )
        self.add(
            "causeway_exit_failures_total",
            "counter",
            "Connections that did not come about.",
            exits.map {
                (["exit": $0.name], $0.failures)
            }
        )
    }

    private mutating func add(_ users: NodeStatus.UsersStatus) {
        self.add("causeway_users", "gauge", "Users.", [([:], UInt64(clamping: users.count))])
        self.add(
            "causeway_user_refusals_total",
            "counter",
            "Users who were refused, by reason.",
            users.refusals.map {
                (["reason": $0.key], $0.value)
            }.sorted { ($0.0["reason"] ?? "") < ($1.0["reason"] ?? "") }
        )
        self.add(
            "causeway_ledger_lag_seconds",
            "gauge",
            "Time since everything counted was in the database.",
            [
                ([:], users.ledgerLag)
            ]
        )
        self.add(
            "causeway_ledger_failing",
            "gauge",
            "Whether the ledger cannot be written.",
            [
                ([:], users.ledgerFailure == nil ? 0 : 1)
            ]
        )
    }

    private mutating func add(
        _ name: String,
        _ type: String,
        _ help: String,
        _ series: [([String: String], UInt64)]
    ) {
        guard !series.isEmpty else { return }
        self.lines.append("# HELP \(name) \(help)")
        self.lines.append("# TYPE \(name) \(type)")
        for (labels, value) in series {
            let text = labels.sorted { $0.key < $1.key }.map { "\($0.key)=\"\(Self.escaped($0.value))\"" }
            self.lines.append(text.isEmpty ? "\(name) \(value)" : "\(name){\(text.joined(separator: ","))} \(value)")
        }
    }

    /// A label's value, where backslash, quote and line feed are special.
    private static func escaped(_ text: String) -> String {
        text.flatMap { character -> [Character] in
            switch character {
            case "\\": ["\\", "\\"]
            case "\"": ["\\", "\""]
            case "\n": ["\\", "n"]
            default: [character]
            }
        }.reduce(into: "") { $0.append($1) }
    }
}
