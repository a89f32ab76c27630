import CBrutal
import Glibc

/// TCP Brutal as a BPF program in the running kernel: loaded once by the privileged, for the sockets of all.
///
/// What is loaded is held by pins in a folder of the BPF file system, and stays until ``unload()`` or until the host goes
/// down; the process that loads it may end.
public struct BrutalProgram: Sendable {
    /// Where the pins are by custom.
    public static let customaryFolder = "/sys/fs/bpf/causeway"
    /// The first kernel that the program loads on.
    static let firstKernel = (major: 6, minor: 1)

    private let folder: String

    public init(folder: String = Self.customaryFolder) {
        self.folder = folder
    }

    public enum State: Sendable, Equatable {
        case absent
        /// Another version of the program is loaded, or not all of it.
        case other
        case loaded
    }

    /// What is loaded by these pins.
    public var state: State {
        switch CBrutal_loaded(self.folder) {
        case 1: .loaded
        case 0: .other
        default: .absent
        }
    }

    /// Loads the program; one that is of another version is replaced, and sockets that have that keep it, with their
    /// settings. Sockets that are made by processes of `cgroup`, and of those below it, answer Brutal's options.
    ///
    /// - Parameter cgroup: of cgroup 2; its root where left out.
    /// - Returns: whether there was something to do.
    /// - Throws: ``BrutalFailure``; then what was there before is there still.
    public func load(cgroup: String? = nil) throws(BrutalFailure) -> Bool {
        if self.state == .loaded { return false }
        let arguments = try self.prerequisites()
        guard let cgroup = cgroup ?? Self.rootOfGroups() else { throw .noControlGroups }
        var failure = CBrutal_failure()
        let result = CBrutal_load(self.folder, cgroup, arguments == 4 ? 1 : 0, &failure)
        guard result >= 0 else { throw BrutalFailure(failure, hasOther: Self.isRegistered) }
        return result == 1
    }

    /// Takes the program out of the kernel. Sockets that have it keep it until they close.
    ///
    /// - Returns: whether there was something to do.
    public func unload() throws(BrutalFailure) -> Bool {
        var failure = CBrutal_failure()
        let result = CBrutal_unload(self.folder, &failure)
        guard result >= 0 else { throw BrutalFailure(failure, hasOther: false) }
        return result == 1
    }

    /// Whether the kernel has an algorithm of that name, whoever brought it.
    public static var isRegistered: Bool {
        Self.text(of: "/proc/sys/net/ipv4/tcp_available_congestion_control").split(whereSeparator: \.isWhitespace)
            .contains("brutal")
    }

    /// - Returns: how many arguments the kernel's cong_control has.
    private func prerequisites() throws(BrutalFailure) -> CInt {
        let release = Self.text(of: "/proc/sys/kernel/osrelease").filter { !$0.isWhitespace }
        let numbers = release.split(separator: ".").prefix(2).compactMap { Int($0.prefix { $0.isNumber }) }
        let first = Self.firstKernel
        guard numbers.count == 2, (numbers[0], numbers[1]) >= (first.major, first.minor) else {
            throw .kernelTooOld(release)
        }
        guard access("/sys/kernel/btf/vmlinux", R_OK) == 0 else { throw .noTypeInformation }
        guard CBrutal_is_bpf_file_system(self.folder) else { throw .noFileSystem(self.folder) }
        let arguments = CBrutal_sample_arguments()
        guard arguments == 2 || arguments == 4 else { throw .unknownInterface(release) }
        return arguments
    }

    /// Where cgroup 2 is mounted.
    private static func rootOfGroups() -> String? {
        for line in self.text(of: "/proc/self/mounts").split(separator: "\n") {
            let fields = line.split(separator: " ")
            if fields.count > 2, fields[2] == "cgroup2" { return String(fields[1]) }
        }
        return nil
    }

    private static func text(of path: String) -> String {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return "" }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 16_384)
        while case let count = read(descriptor, &part, part.count), count > 0 { bytes += part[..<count] }
        return String(decoding: bytes, as: UTF8.self)
    }
}
