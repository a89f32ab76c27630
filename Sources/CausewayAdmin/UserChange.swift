/// What is to be set of a user. A field that is not there leaves things as they are; `null` takes a limit away.
public struct UserChange: Codable, Equatable, Sendable {
    /// Only for a user who is added.
    public var name: String?
    public var note: String?
    public var enabled: Bool?
    public var quota: Setting<UInt64>
    public var cycle: String?
    public var zone: String?
    public var expires: Setting<Int64>
    public var rateUp: Setting<UInt64>
    public var rateDown: Setting<UInt64>
    public var connections: Setting<Int>
    public var devices: Setting<Int>
    public var password: Setting<String>
    /// Instead of the keys that there are; in base64, the newest first.
    public var keys: [String]?
    /// The version that the caller has seen; where there is another one by now, nothing is changed.
    public var version: Int64?

    public init(name: String? = nil) {
        self.name = name
        (self.quota, self.expires, self.rateUp, self.rateDown) = (.keep, .keep, .keep, .keep)
        (self.connections, self.devices, self.password) = (.keep, .keep, .keep)
    }

    /// A value that can be set, taken away or left alone.
    public enum Setting<Value: Codable & Equatable & Sendable>: Equatable, Sendable {
        case keep, clear
        case set(Value)
    }

    private enum Key: String, CodingKey, CaseIterable {
        case name, note, enabled, quota, cycle, zone, expires, rateUp, rateDown, connections, devices, password, keys
        case version
    }

    public init(from decoder: any Decoder) throws {
        let fields = try decoder.knownFields(Key.self)
        func setting<Value>(_ key: Key) throws -> Setting<Value> {
            guard fields.contains(key) else { return .keep }
            return try fields.decodeIfPresent(Value.self, forKey: key).map { .set($0) } ?? .clear
        }
        self.name = try fields.decodeIfPresent(String.self, forKey: .name)
        self.note = try fields.decodeIfPresent(String.self, forKey: .note)
        self.enabled = try fields.decodeIfPresent(Bool.self, forKey: .enabled)
        self.quota = try setting(.quota)
        self.cycle = try fields.decodeIfPresent(String.self, forKey: .cycle)
        self.zone = try fields.decodeIfPresent(String.self, forKey: .zone)
        self.expires = try setting(.expires)
        self.rateUp = try setting(.rateUp)
        self.rateDown = try setting(.rateDown)
        self.connections = try setting(.connections)
        self.devices = try setting(.devices)
        self.password = try setting(.password)
        self.keys = try fields.decodeIfPresent([String].self, forKey: .keys)
        self.version = try fields.decodeIfPresent(Int64.self, forKey: .version)
    }

    public func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: Key.self)
        func write<Value>(_ setting: Setting<Value>, _ key: Key) throws {
            switch setting {
            case .keep: break
            case .clear: try fields.encodeNil(forKey: key)
            case .set(let value): try fields.encode(value, forKey: key)
            }
        }
        try fields.encodeIfPresent(self.name, forKey: .name)
        try fields.encodeIfPresent(self.note, forKey: .note)
        try fields.encodeIfPresent(self.enabled, forKey: .enabled)
        try write(self.quota, .quota)
        try fields.encodeIfPresent(self.cycle, forKey: .cycle)
        try fields.encodeIfPresent(self.zone, forKey: .zone)
        try write(self.expires, .expires)
        try write(self.rateUp, .rateUp)
        try write(self.rateDown, .rateDown)
        try write(self.connections, .connections)
        try write(self.devices, .devices)
        try write(self.password, .password)
        try fields.encodeIfPresent(self.keys, forKey: .keys)
        try fields.encodeIfPresent(self.version, forKey: .version)
    }
}

/// A user who was added or changed, and what is different.
public struct UserChanged: Codable, Equatable, Sendable {
    public var user: UserStatus
    /// A line for each difference; empty where there is none.
    public var changes: [String]

    public init(user: UserStatus, changes: [String]) {
        self.user = user
        self.changes = changes
    }
}

/// Bytes to be added to the quota of the present cycle.
public struct TopUp: Codable, Equatable, Sendable {
    public var bytes: UInt64

    private enum CodingKeys: CodingKey {
        case bytes
    }

    public init(bytes: UInt64) {
        self.bytes = bytes
    }

    public init(from decoder: any Decoder) throws {
        self.bytes = try decoder.knownFields(CodingKeys.self).decode(UInt64.self, forKey: .bytes)
    }
}

/// A new key for a user, drawn by the node.
public struct Rotation: Codable, Equatable, Sendable {
    /// Seconds for which the old keys stay good.
    public var overlap: UInt64?
    /// Bytes of the new key, 16 or 32; as many as the newest one has where that is not said.
    public var keyBytes: Int?

    private enum CodingKeys: CodingKey {
        case overlap, keyBytes
    }

    public init(overlap: UInt64? = nil, keyBytes: Int? = nil) {
        self.overlap = overlap
        self.keyBytes = keyBytes
    }

    public init(from decoder: any Decoder) throws {
        let fields = try decoder.knownFields(CodingKeys.self)
        self.overlap = try fields.decodeIfPresent(UInt64.self, forKey: .overlap)
        self.keyBytes = try fields.decodeIfPresent(Int.self, forKey: .keyBytes)
    }
}
