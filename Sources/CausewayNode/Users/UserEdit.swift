import CausewayAdmin
import CausewayBytes
import CausewayConfig
import CausewayCore
import CausewayCrypto
import CausewayLedger

/// A change that came over the API, checked as the configuration is.
struct UserEdit {
    private static let limits = 1...1_000_000

    private let change: UserChange

    init(_ change: UserChange) {
        self.change = change
    }

    /// Makes the change, or says which field is wrong.
    func apply(to profile: inout UserProfile, zone isZone: (String) -> Bool) throws(ControlError) {
        if let note = self.change.note {
            guard Configuration.isUserNote(note) else { throw .invalid("note: not up to 1024 bytes of printable text") }
            profile.note = note
        }
        if let isEnabled = self.change.enabled { profile.isEnabled = isEnabled }
        switch self.change.quota {
        case .keep: break
        case .clear: profile.plan.quota = nil
        case .set(let bytes):
            guard bytes <= UserPlan.maximumQuota else { throw .invalid("quota: more than 2^60 bytes") }
            profile.plan.quota = bytes
        }
        if let text = self.change.cycle {
            guard let cycle = Cycle(text) else { throw .invalid("cycle: not none, days:N or monthly@D") }
            profile.plan.cycle = cycle
        }
        if let zone = self.change.zone {
            guard isZone(zone) else { throw .invalid("zone: there is no time zone \"\(zone)\"") }
            profile.plan.zone = zone
        }
        switch self.change.expires {
        case .keep: break
        case .clear: profile.plan.expires = nil
        case .set(let time):
            guard (0...253_402_300_799).contains(time) else { throw .invalid("expires: no time before the year 10000") }
            profile.plan.expires = time
        }
        try self.applyLimits(to: &profile.plan.limits)
        try self.applyCredentials(to: &profile)
    }

    private func applyLimits(to limits: inout UserAccount.Limits) throws(ControlError) {
        limits.rateUp = try Self.rate(self.change.rateUp, limits.rateUp, "rate_up")
        limits.rateDown = try Self.rate(self.change.rateDown, limits.rateDown, "rate_down")
        limits.connections = try Self.limit(self.change.connections, limits.connections, "connections")
        limits.devices = try Self.limit(self.change.devices, limits.devices, "devices")
    }

    private static func rate(
        _ setting: UserChange.Setting<UInt64>,
        _ old: BitRate?,
        _ field: String
    ) throws(ControlError) -> BitRate? {
        switch setting {
        case .keep: return old
        case .clear: return nil
        case .set(let rate):
            guard UserPlan.rates.contains(rate) else { throw .invalid("\(field): not from 8 kbit/s to 1 Tbit/s") }
            return BitRate(bitsPerSecond: rate)
        }
    }

    private static func limit(
        _ setting: UserChange.Setting<Int>,
        _ old: Int,
        _ field: String
    ) throws(ControlError) -> Int {
        switch setting {
        case .keep: return old
        case .clear: return 0
        case .set(let count):
            guard self.limits.contains(count) else { throw .invalid("\(field): not from 1 to 1000000") }
            return count
        }
    }

    private func applyCredentials(to profile: inout UserProfile) throws(ControlError) {
        switch self.change.password {
        case .keep: break
        case .clear: profile.password = nil
        case .set(let password):
            guard (1...255).contains(password.utf8.count) else { throw .invalid("password: not 1 to 255 bytes") }
            profile.password = Secret(Array(password.utf8))
        }
        guard let keys = self.change.keys else { return }
        guard keys.count <= Configuration.User.maximumKeyCount else { throw .invalid("keys: more than 7") }
        var secrets: [UserProfile.Key] = []
        for key in keys {
            guard let bytes = Base64.decode(key), bytes.count == 16 || bytes.count == 32 else {
                throw .invalid("keys: not 16 or 32 bytes in base64")
            }
            secrets.append(UserProfile.Key(secret: Secret(bytes)))
        }
        profile.keys = secrets
    }
}
