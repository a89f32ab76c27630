public import CausewayCore

/// Time zones by their names in the tz database, from the system's files.
public enum TimeZoneFile {
    private static let directory = "/usr/share/zoneinfo"
    /// Bytes of a file at most; the largest of the database has some thousand.
    private static let maximumCount = 1 << 18

    /// The zone called `name`, such as `Europe/Berlin`; `nil` where the system has none of that name.
    public static func zone(_ name: String) -> TimeZoneRules? {
        if name == "UTC" { return .utc }
        let isName = name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "_"),
                UInt8(ascii: "/"):
                true
            default: false
            }
        }
        guard isName, (1...64).contains(name.utf8.count), name.first != "/", name.last != "/",
            case .success(let file) = FileReader.system.read("\(self.directory)/\(name)", self.maximumCount)
        else { return nil }
        return try? TimeZoneRules(parsing: file.bytes)
    }
}
