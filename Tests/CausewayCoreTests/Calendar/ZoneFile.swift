import CausewayCore
import Glibc

/// A time zone of the system, and what the system itself says about it.
enum ZoneFile {
    struct Missing: Error {}

    static func bytes(_ name: String) throws -> [UInt8] {
        guard let file = fopen("/usr/share/zoneinfo/\(name)", "r") else { throw Missing() }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 1 << 17)
        let count = fread(&bytes, 1, bytes.count, file)
        return Array(bytes[..<count])
    }

    static func rules(_ name: String) throws -> TimeZoneRules {
        try TimeZoneRules(parsing: Self.bytes(name))
    }
}
