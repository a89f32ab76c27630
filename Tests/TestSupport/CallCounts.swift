import Foundation

/// How often a program has allocated memory and has called the kernel, counted by a library that is loaded before it
/// (`Scripts/call-counter.c`).
public struct CallCounts: Sendable {
    /// By the function's name; all allocations are under `allocation`.
    public let counts: [String: Int]

    /// Calls that allocate, `realloc` among them.
    public var allocations: Int { self.counts["allocation"] ?? 0 }

    /// Calls into the kernel, without those that wait for what comes next: how many of these there are hangs on how fast
    /// the others are.
    public var calls: Int {
        self.counts.reduce(0) { sum, entry in
            entry.key == "allocation" || entry.key == "epoll_wait" ? sum : sum + entry.value
        }
    }

    public static func - (later: CallCounts, earlier: CallCounts) -> CallCounts {
        CallCounts(counts: later.counts.merging(earlier.counts) { $0 - $1 })
    }

    /// How often each was called for each of `number` things, but for what was hardly called at all.
    public func text(for number: Int) -> String {
        self.counts.filter { 20 * $0.value >= number }.sorted { $0.key < $1.key }
            .map { "\($0.key) \((100 * $0.value + number / 2) / number)" }.joined(separator: ", ") + " in a hundred"
    }
}

/// The counts of one program while it runs.
public final class CallCounter: Sendable {
    /// What the program needs in its environment.
    public let environment: [String: String]
    private let file: String
    private let directory: TemporaryDirectory

    /// Builds the library with the compiler that comes with Swift.
    public init() throws {
        self.directory = try TemporaryDirectory()
        self.file = self.directory.file("counts")
        let library = self.directory.file("call-counter.so")
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let source = root.appendingPathComponent("Scripts/call-counter.c").path
        let built = try Command.run([Self.compiler, "-O2", "-shared", "-fPIC", "-o", library, source])
        guard built.succeeded else { throw TestFailure("\(source) does not compile:\n\(built.errorText)") }
        self.environment = ["LD_PRELOAD": library, "CAUSEWAY_CALL_COUNTS": self.file]
    }

    /// The counts of now.
    public func read() throws -> CallCounts {
        let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: self.file)))
        let entry = 24
        guard !bytes.isEmpty, bytes.count % entry == 0 else { throw TestFailure("no counts in \(self.file)") }
        var counts: [String: Int] = [:]
        for start in stride(from: 0, to: bytes.count, by: entry) {
            let name = String(decoding: bytes[start..<start + 16].prefix { $0 != 0 }, as: UTF8.self)
            counts[name] = bytes[start + 16..<start + entry].reversed().reduce(0) { $0 << 8 | Int($1) }
        }
        return CallCounts(counts: counts)
    }

    /// Beside `swift`, where that is a toolchain's; else whatever is called so.
    private static var compiler: String {
        for folder in (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":") {
            let swift = URL(fileURLWithPath: "\(folder)/swift").resolvingSymlinksInPath()
            let clang = swift.deletingLastPathComponent().appendingPathComponent("clang").path
            if FileManager.default.isExecutableFile(atPath: clang) { return clang }
        }
        return "cc"
    }
}
