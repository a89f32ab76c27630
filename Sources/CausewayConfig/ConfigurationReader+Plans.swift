import CausewayBytes
import CausewayCore

// What a user has bought.
extension ConfigurationReader {
    /// Sessions or devices that a limit can allow; more is no limit.
    private static let maximumLimit = 1_000_000

    func plan(_ fields: Fields) -> UserPlan? {
        var plan = UserPlan()
        let quota = fields.optional("quota") { $0.quota() }
        let cycle = fields.value("cycle", default: Cycle.none) { field in
            field.parsed("\"none\", \"days:30\" (1 to \(Cycle.maximumDays)) or \"monthly@1\" (1 to 31)") { Cycle($0) }
        }
        var zone: TimeZoneRules? = .utc
        if let field = fields["zone"] {
            zone = field.parsed("a time zone such as \"Europe/Berlin\"") { TimeZoneFile.zone($0) }
            if let name = field.text() { plan.zone = name }
        }
        let rate = fields.optional("rate") { $0.rate() }
        let up = fields.optional("rate_up") { $0.rate() }
        let down = fields.optional("rate_down") { $0.rate() }
        let connections = fields.value("connections", default: 0) { $0.number(in: 1...Self.maximumLimit) }
        let devices = fields.value("devices", default: 0) { $0.number(in: 1...Self.maximumLimit) }
        let expires = fields.optional("expires") { field in
            field.parsed("a date such as 2027-01-31, the last day of service") { CivilDate($0) }
        }
        guard let quota, let cycle, let zone, let rate, let up, let down, let connections, let devices, let expires
        else { return nil }
        plan.quota = quota
        plan.cycle = cycle
        plan.expires = expires.map { zone.start(of: CivilDate(daysSinceEpoch: $0.daysSinceEpoch + 1)) }
        plan.limits = UserAccount.Limits(
            rateUp: up ?? rate,
            rateDown: down ?? rate,
            connections: connections,
            devices: devices
        )
        return plan
    }

    func ledger(_ root: Fields) -> Configuration.Ledger? {
        let defaults = Configuration.Ledger.standard
        return root.value("ledger", default: defaults) { field in
            guard let fields = field.fields("path", "checkpoint", "on_failure", "hours") else { return nil }
            let path = fields.required("path")?.text()
            let checkpoint = fields.value("checkpoint", default: defaults.checkpoint) { field in
                field.parsed("a whole number of seconds such as \"1 s\", from 1 s to 1 min") { text in
                    Interval(text).flatMap { interval in
                        let (seconds, rest) = interval.nanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
                        return rest == 0 && (1...60).contains(seconds) ? Int(seconds) : nil
                    }
                }
            }
            let onFailure = fields.value("on_failure", default: defaults.onFailure) {
                $0.choice(Configuration.Ledger.FailurePolicy.self)
            }
            let days = fields.value("hours", default: defaults.hourlyDays) { field in
                field.parsed("a number of days such as \"90 d\", from 1 d to 3660 d") { text in
                    Interval(text).flatMap { interval in
                        let (days, rest) = interval.nanoseconds.quotientAndRemainder(dividingBy: 86_400_000_000_000)
                        return rest == 0 && (1...3660).contains(days) ? Int(days) : nil
                    }
                }
            }
            guard let path, let checkpoint, let onFailure, let days else { return nil }
            let resolved = path.hasPrefix("/") || self.directory.isEmpty ? path : "\(self.directory)/\(path)"
            return Configuration.Ledger(
                path: resolved,
                checkpoint: checkpoint,
                onFailure: onFailure,
                hourlyDays: days
            )
        }
    }
}

extension Field {
    /// A quota in bytes.
    fileprivate func quota() -> UInt64? {
        self.parsed("a number of bytes such as \"300 GB\", up to 1 EiB") { text in
            ByteCount(text).flatMap { $0.bytes <= UserPlan.maximumQuota ? $0.bytes : nil }
        }
    }

    /// A rate of a plan, or one that a congestion control other than Brutal is held below.
    func rate() -> BitRate? {
        self.parsed("a rate such as \"100 Mbit/s\", from 8 kbit/s to 1 Tbit/s") { text in
            BitRate(text).flatMap { UserPlan.rates.contains($0.bitsPerSecond) ? $0 : nil }
        }
    }
}
