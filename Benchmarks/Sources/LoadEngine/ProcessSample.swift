import CLoad
import Glibc

/// What a process has used, with those that it has started, at one moment.
public struct ProcessSample: Sendable {
    /// CPU time, user and system, of all threads, those that ended included; nanoseconds.
    public let cpu: Int64

    /// Reads the CPU clocks of a process and its children, at nanosecond resolution; what children had used that have
    /// ended comes in steps of the kernel's tick.
    public init(of process: Int32) throws(SystemCallError) {
        var cpu = try systemCall("clock_gettime") { CLoad_process_time(process) }
        for member in ProcessFamily(of: process).members {
            if member != process { cpu += max(0, CLoad_process_time(member)) }
            cpu += ProcessFamily.ended(of: member)
        }
        self.cpu = cpu
    }
}

/// The memory of a process, at one moment, from `/proc/PID/smaps_rollup`.
public struct MemorySample: Sendable, Equatable, Codable {
    /// Pages in memory, shared ones included; KiB.
    public let residentKiB: Int
    /// Pages in memory that no other process shares, clean and dirty; KiB.
    public let privateKiB: Int

    public init(residentKiB: Int, privateKiB: Int) {
        self.residentKiB = residentKiB
        self.privateKiB = privateKiB
    }

    /// Reads the text of a `smaps_rollup` file; `nil` when a field is missing.
    public init?(text: String) {
        var fields: [Substring: Int] = [:]
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ", omittingEmptySubsequences: true)
            if words.count == 3, words[2] == "kB" { fields[words[0]] = Int(words[1]) }
        }
        guard let resident = fields["Rss:"], let clean = fields["Private_Clean:"], let dirty = fields["Private_Dirty:"]
        else { return nil }
        self.init(residentKiB: resident, privateKiB: clean + dirty)
    }

    /// Samples a process.
    public init(of process: Int32) throws(SystemCallError) {
        let text = try fileText("/proc/\(process)/smaps_rollup")
        guard let sample = MemorySample(text: text) else { throw SystemCallError(code: EINVAL, call: "smaps_rollup") }
        self = sample
    }
}

/// The busy time of the machine, at one moment: what disturbs a measurement shows in it.
public struct MachineSample: Sendable {
    /// All CPU time that was neither idle nor waiting for a disk, in nanoseconds, in steps of the kernel's tick.
    public let busy: Int64

    /// Reads the text of `/proc/stat`; `nil` when its first line is not as documented in proc(5).
    public init?(text: String, ticksPerSecond: Int) {
        guard let line = text.split(separator: "\n").first, line.hasPrefix("cpu ") else { return nil }
        let fields = line.split(separator: " ").dropFirst().map { Int64($0) ?? 0 }
        // user nice system idle iowait irq softirq steal guest guest_nice: the last two are in the first two already.
        guard fields.count >= 8 else { return nil }
        let ticks = fields[0] + fields[1] + fields[2] + fields[5] + fields[6] + fields[7]
        self.busy = ticks * (1_000_000_000 / Int64(ticksPerSecond))
    }

    /// Samples this machine.
    public init() throws(SystemCallError) {
        guard let sample = MachineSample(text: try fileText("/proc/stat"), ticksPerSecond: sysconf(Int32(_SC_CLK_TCK)))
        else { throw SystemCallError(code: EINVAL, call: "/proc/stat") }
        self = sample
    }
}

/// The start of a file of `/proc`, enough for those read here.
func fileText(_ path: String) throws(SystemCallError) -> String {
    let file = try systemCall("open") { open(path, O_RDONLY | O_CLOEXEC) }
    defer { close(file) }
    var bytes = [UInt8](repeating: 0, count: 8192)
    let count = try systemCall("read") { read(file, &bytes, bytes.count) }
    return String(decoding: bytes.prefix(count), as: UTF8.self)
}
