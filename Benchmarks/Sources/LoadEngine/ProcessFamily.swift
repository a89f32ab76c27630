import Glibc

/// A process with all that it has started: peers that serve from processes of their own are charged for those too.
struct ProcessFamily {
    /// The process itself first.
    let members: [Int32]

    /// Finds those that live now. One that ends meanwhile is left out.
    init(of process: Int32) {
        var members = [process]
        var index = 0
        while index < members.count {
            members += Self.children(of: members[index])
            index += 1
        }
        self.members = members
    }

    /// The kernel lists them by the thread that started them.
    private static func children(of process: Int32) -> [Int32] {
        guard let tasks = opendir("/proc/\(process)/task") else { return [] }
        defer { closedir(tasks) }
        var children: [Int32] = []
        while let entry = readdir(tasks) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard let thread = Int32(name), let text = try? fileText("/proc/\(process)/task/\(thread)/children") else {
                continue
            }
            children += text.split(separator: " ").compactMap { Int32($0) }
        }
        return children
    }

    /// CPU time of children that have ended and were waited for, from the text of `/proc/PID/stat`, in ticks; `nil` when
    /// it is not as documented in proc(5).
    static func endedTicks(stat text: String) -> Int64? {
        // The second field is a name in parentheses, which may hold anything.
        guard let name = text.lastIndex(of: ")") else { return nil }
        let fields = text[text.index(after: name)...].split(separator: " ")
        guard fields.count > 14, let user = Int64(fields[13]), let system = Int64(fields[14]) else { return nil }
        return user + system
    }

    /// Nanoseconds of CPU that children of a process had used when they ended.
    static func ended(of process: Int32) -> Int64 {
        let ticks = (try? fileText("/proc/\(process)/stat")).flatMap(self.endedTicks) ?? 0
        return ticks * (1_000_000_000 / Int64(sysconf(Int32(_SC_CLK_TCK))))
    }
}
