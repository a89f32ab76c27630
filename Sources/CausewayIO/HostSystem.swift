import CLinux
public import CausewayBytes
import Glibc

/// What the process asks of its host outside the loops.
public enum HostSystem {
    /// The monotonic time, for what is set up before any loop runs.
    public static var now: Instant { Instant(nanoseconds: CLinux_monotonic_nanoseconds()) }

    /// What the host calls itself; empty where it does not.
    public static var name: String {
        var bytes = [CChar](repeating: 0, count: 256)
        guard gethostname(&bytes, bytes.count - 1) == 0 else { return "" }
        return String(decoding: bytes.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Raises the soft limit of open descriptors to the hard one and returns it.
    public static func raiseDescriptorLimit() -> Int { max(Int(CLinux_raise_descriptor_limit()), 64) }

    /// The file of the running program, under the name by which it was started or found; a later version may be there.
    public static var programPath: String? {
        var path = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let count = readlink("/proc/self/exe", &path, path.count)
        return count > 0 ? String(decoding: path.prefix(count), as: UTF8.self) : nil
    }

    /// The variables of the process, `NAME=value` each.
    public static var environment: [String] {
        var entries: [String] = []
        var next = environ
        while let entry = next.pointee {
            entries.append(String(cString: entry))
            next += 1
        }
        return entries
    }

    /// What the kernel has set under a name as of sysctl(8); `nil` where it has none.
    public static func setting(_ name: String) -> String? {
        let path = "/proc/sys/" + name.split(separator: ".").joined(separator: "/")
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = read(descriptor, &bytes, bytes.count)
        return count > 0 ? String(decoding: bytes.prefix(count), as: UTF8.self) : nil
    }

    /// Gives memory of the heap that is free back to the system; takes milliseconds.
    public static func giveBackMemory() {
        CLinux_trim_heap()
    }

    /// Makes a write to a closed socket an error instead of a signal.
    public static func ignoreBrokenPipes() { CLinux_ignore_broken_pipes() }

    /// The addresses of all interfaces now.
    public static func ownAddresses() -> [IPAddress] {
        var addresses: [IPAddress] = []
        withUnsafeMutablePointer(to: &addresses) { addresses in
            _ = CLinux_own_addresses(addresses) { context, raw in
                guard let raw, let address = SocketAddress(raw.pointee) else { return }
                context?.assumingMemoryBound(to: [IPAddress].self).pointee.append(address.ip)
            }
        }
        return addresses
    }
}
