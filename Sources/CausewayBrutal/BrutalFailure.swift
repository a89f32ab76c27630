import CBrutal
import Glibc

/// Why Brutal cannot be brought into the kernel, in one sentence each.
public enum BrutalFailure: Error, Equatable, CustomStringConvertible, Sendable {
    case kernelTooOld(String)
    case noTypeInformation
    /// The kernel's congestion controls are called otherwise than in any that is known.
    case unknownInterface(String)
    /// The folder of the pins is in no BPF file system.
    case noFileSystem(String)
    case noControlGroups
    case notAllowed
    /// Somebody else has registered an algorithm of that name.
    case otherThere
    /// What could not be done, and what the kernel says.
    case system(step: String, reason: String)

    init(_ failure: CBrutal_failure, hasOther: Bool) {
        let step = failure.step.map { String(cString: $0) } ?? "load it"
        switch failure.error {
        case EPERM, EACCES: self = .notAllowed
        case EEXIST where hasOther: self = .otherThere
        default: self = .system(step: step, reason: String(cString: strerror(failure.error)))
        }
    }

    public var description: String {
        switch self {
        case .kernelTooOld(let release): "the kernel is \(release), and this wants 6.1 or later"
        case .noTypeInformation:
            "the kernel does not describe its types (/sys/kernel/btf/vmlinux), as one does that is built with "
                + "CONFIG_DEBUG_INFO_BTF"
        case .unknownInterface(let release):
            "kernel \(release) calls congestion controls in a way that is not known here"
        case .noFileSystem(let folder):
            "\(folder) is in no BPF file system; mount -t bpf bpf /sys/fs/bpf brings the usual one"
        case .noControlGroups: "no cgroup 2 hierarchy is mounted, by which Brutal's socket options are answered"
        case .notAllowed:
            "this wants CAP_BPF, CAP_PERFMON and CAP_NET_ADMIN, which root has unless it is in a container without them"
        case .otherThere:
            "the kernel has a brutal already, such as that of its module: it is used as it is, and nothing has to be loaded"
        case .system(let step, let reason): "the kernel does not \(step): \(reason)"
        }
    }
}
