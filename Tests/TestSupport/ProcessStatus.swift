import Foundation

/// What the kernel says about a process, from /proc.
public struct ProcessStatus: Sendable {
    private let pid: Int32

    public init(pid: Int32) {
        self.pid = pid
    }

    /// Whether it is there no more, or nothing is left of it but what its parent may ask for.
    public var hasEnded: Bool {
        let state = Self.text("/proc/\(self.pid)/stat").split(separator: ")").last?.split(separator: " ").first
        return state.map { "ZX".contains($0) } ?? true
    }

    /// Open descriptors.
    public var descriptorCount: Int {
        (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(self.pid)/fd").count) ?? 0
    }

    /// Resident memory in bytes.
    public var residentBytes: Int {
        let pages = Self.text("/proc/\(self.pid)/statm").split(separator: " ").dropFirst().first.flatMap { Int($0) }
        return (pages ?? 0) * sysconf(Int32(_SC_PAGESIZE))
    }

    /// Processor time used so far, user and system, in seconds.
    public var processorSeconds: Double {
        // The fields are counted from behind the command, which is in parentheses and may hold spaces.
        let fields = Self.text("/proc/\(self.pid)/stat").split(separator: ")").last?.split(separator: " ") ?? []
        guard fields.count > 12, let user = Double(fields[11]), let system = Double(fields[12]) else { return 0 }
        return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    /// Whether any process listens on TCP `port`: seen without connecting to it.
    public static func isListening(port: UInt16) -> Bool {
        self.isListening(port: port, ["/proc/net/tcp", "/proc/net/tcp6"])
    }

    /// The same in the process's own network namespace.
    public func seesListener(port: UInt16) -> Bool {
        Self.isListening(port: port, ["/proc/\(self.pid)/net/tcp", "/proc/\(self.pid)/net/tcp6"])
    }

    private static func isListening(port: UInt16, _ tables: [String]) -> Bool {
        let listening = "0A"
        let suffix = ":" + (String(repeating: "0", count: 4) + String(port, radix: 16, uppercase: true)).suffix(4)
        return tables.contains { table in
            Self.text(table).split(separator: "\n").dropFirst().contains { line in
                let fields = line.split(separator: " ")
                return fields.count > 3 && fields[1].hasSuffix(suffix) && fields[3] == listening
            }
        }
    }

    private static func text(_ path: String) -> String {
        // Read by hand: files of /proc say that they are empty.
        guard let file = fopen(path, "r") else { return "" }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 65536)
        while case let count = fread(&block, 1, block.count, file), count > 0 { bytes += block[..<count] }
        return String(decoding: bytes, as: UTF8.self)
    }
}
