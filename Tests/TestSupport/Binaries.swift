import Foundation

/// Where the programs under test are.
public enum Binaries {
    /// `CAUSEWAY_BINARY`, else the `causeway` that was built beside this test bundle.
    public static var causeway: String {
        ProcessInfo.processInfo.environment["CAUSEWAY_BINARY"] ?? self.bundled("causeway")
    }

    /// Whether the program is one that was named, as `make test` names its release build.
    public static var isGiven: Bool { ProcessInfo.processInfo.environment["CAUSEWAY_BINARY"] != nil }

    /// A program that was built beside this test bundle.
    public static func bundled(_ name: String) -> String {
        let bundle = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        return URL(fileURLWithPath: bundle).deletingLastPathComponent().appendingPathComponent(name).path
    }

    /// The sing-box that `Scripts/tools` installs, if it has.
    public static var singBox: String? {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let path =
            ProcessInfo.processInfo.environment["SING_BOX"] ?? root.appendingPathComponent(".tools/sing-box").path
        return FileManager.default.isExecutableFile(atPath: path) ? path : nil
    }

    /// Whether `name` is in PATH.
    public static func exists(_ name: String) -> Bool {
        (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").contains { directory in
            FileManager.default.isExecutableFile(atPath: "\(directory)/\(name)")
        }
    }
}
