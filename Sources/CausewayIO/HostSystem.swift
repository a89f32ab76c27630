import CLinux
public import CausewayBytes

/// What the process asks of its host outside the loops.
public enum HostSystem {
    /// The monotonic time, for what is set up before any loop runs.
    public static var now: Instant { Instant(nanoseconds: CLinux_monotonic_nanoseconds()) }

    /// Processors that the process may run on.
    public static var processorCount: Int { Int(CLinux_processor_count()) }

    /// Raises the soft limit of open descriptors to the hard one and returns it.
    public static func raiseDescriptorLimit() -> Int { max(Int(CLinux_raise_descriptor_limit()), 64) }

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
