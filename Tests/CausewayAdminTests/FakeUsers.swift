import CausewayAdmin

/// One user of whom everything is known, and for whom everything can be done.
final class FakeUsers: UserControl {
    static let alice = UserStatus(
        name: "alice b",
        note: "pays in cash",
        state: "active",
        enabled: true,
        declared: false,
        version: 3,
        keys: 2,
        hasPassword: true,
        quota: 1_000,
        topUp: 10,
        usedUp: 1,
        usedDown: 2,
        left: 1_007,
        totalUp: 5,
        totalDown: 6,
        unanswered: 7,
        cycle: "monthly@31",
        zone: "Asia/Tokyo",
        cycleStart: 1_700_000_000,
        cycleEnd: 1_702_000_000,
        expires: 1_800_000_000,
        createdAt: 1_600_000_000,
        rateUp: 1_000_000,
        rateDown: 2_000_000,
        connectionLimit: 100,
        connections: 4,
        deviceLimit: 3,
        devices: 2
    )
    private static let keys = UserKeys(
        name: "alice b",
        keys: [UserKeys.Key(key: "AAAAAAAAAAAAAAAAAAAAAA==", expires: 1_700_000_000)]
    )
    private static let changed = UserChanged(user: FakeUsers.alice, changes: ["quota: none → 1 kB"])

    private func find(_ name: String) throws(ControlError) {
        guard name == Self.alice.name else { throw .notFound("there is no user \"\(name)\"") }
    }

    func users() throws(ControlError) -> [UserStatus] { [Self.alice] }

    func user(_ name: String) throws(ControlError) -> UserStatus {
        try self.find(name)
        return Self.alice
    }

    func keys(of name: String) throws(ControlError) -> UserKeys {
        try self.find(name)
        return Self.keys
    }

    func add(_ users: [UserChange]) throws(ControlError) -> [UserStatus] { users.map { _ in Self.alice } }

    func change(_ name: String, _ change: UserChange) throws(ControlError) -> UserChanged {
        try self.find(name)
        if change.version == 2 { throw .conflict("somebody else was here") }
        return Self.changed
    }

    func remove(_ name: String) throws(ControlError) { try self.find(name) }

    func topUp(_ name: String, _ topUp: TopUp) throws(ControlError) -> UserChanged {
        try self.find(name)
        return Self.changed
    }

    func reset(_ name: String) throws(ControlError) -> UserChanged {
        try self.find(name)
        return Self.changed
    }

    func rotate(_ name: String, _ rotation: Rotation) throws(ControlError) -> UserKeys {
        try self.find(name)
        return Self.keys
    }

    func usage(of name: String, by unit: String) throws(ControlError) -> UsageReport {
        try self.find(name)
        guard ["cycle", "day", "hour"].contains(unit) else { throw .invalid("by: not cycle, day or hour") }
        return UsageReport(
            name: name,
            periods: [UsageReport.Period(start: 1, end: 2, up: 3, down: 4, quota: 5)]
        )
    }
}
