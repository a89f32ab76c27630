import Foundation

/// How much the end-to-end tests move: `CAUSEWAY_TESTS=short` is for builds that the sanitizers slow down.
public enum TestSize {
    public static let isShort = ProcessInfo.processInfo.environment["CAUSEWAY_TESTS"] == "short"

    /// `full`, or `short` where the environment asks for it.
    public static func choose(full: Int, short: Int) -> Int { Self.isShort ? short : full }

    /// What the variable says, for runs beyond a test suite's; else `full`, or `short` where the environment asks for it.
    public static func number(_ variable: String, full: Int, short: Int) -> Int {
        ProcessInfo.processInfo.environment[variable].flatMap { Int($0) } ?? self.choose(full: full, short: short)
    }

    /// Descriptors that this process and those it starts may have.
    public static var descriptorLimit: Int {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        return Int(clamping: limit.rlim_cur)
    }

    /// Raises the soft limit of descriptors to the hard one, for this process and for those it starts.
    public static func allowManyDescriptors() {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        limit.rlim_cur = limit.rlim_max
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
}
