import CLinux
public import CausewayBytes
import Glibc

/// How a connection that says nothing is looked after (tcp(7)): in whole seconds, rounded up.
public struct Keepalive: Equatable, Sendable {
    /// Silence before the first probe.
    public var idle: Interval
    /// Time between probes.
    public var interval: Interval
    /// Probes without an answer after which the connection is given up.
    public var count: Int

    public init(idle: Interval, interval: Interval, count: Int) {
        self.idle = idle
        self.interval = interval
        self.count = count
    }
}

/// What a listening socket is made with, and what accepted ones inherit.
public struct ListenOptions: Equatable, Sendable {
    public var keepalive: Keepalive?
    /// MPTCP (RFC 8684) for peers that ask for it, where the kernel has it.
    public var isMultipath = false
    /// First bytes with the SYN (RFC 7413), where the system allows it.
    public var isFastOpen = false

    /// Nothing beyond the usual.
    public init() {}
}

/// What a socket that connects is made with.
public struct DialOptions: Equatable, Sendable {
    /// The address to connect from to IPv4 addresses.
    public var sourceV4: IPAddress?
    /// The address to connect from to IPv6 addresses.
    public var sourceV6: IPAddress?
    /// The network interface to leave by (SO_BINDTODEVICE).
    public var interface: String?
    /// The mark for routing rules and firewalls (SO_MARK); needs CAP_NET_ADMIN.
    public var mark: UInt32?
    public var keepalive: Keepalive?
    /// MPTCP (RFC 8684), where the kernel has it.
    public var isMultipath = false
    /// First bytes with the SYN (RFC 7413), where the system allows it. The socket is writable at once then.
    public var isFastOpen = false

    /// Nothing beyond the usual.
    public init() {}

    /// Whether nothing is asked for.
    public var isPlain: Bool { self == DialOptions() }

    /// The address to connect from. Whoever sets one does not want traffic to leave from another: where there is none
    /// of the family, there is no way.
    func source(towards address: SocketAddress) throws(SystemCallError) -> IPAddress? {
        guard self.sourceV4 != nil || self.sourceV6 != nil else { return nil }
        let source =
            switch address.ip.family {
            case .v4: self.sourceV4
            case .v6: self.sourceV6
            }
        guard let source else { throw SystemCallError(code: EADDRNOTAVAIL, call: "no source address of the family") }
        return source
    }
}

extension CLinux_options {
    init(_ options: ListenOptions) {
        self.init()
        self.set(options.keepalive, options.isMultipath, options.isFastOpen)
    }

    init(_ options: DialOptions) {
        self.init()
        self.set(options.keepalive, options.isMultipath, options.isFastOpen)
        self.has_mark = options.mark == nil ? 0 : 1
        self.mark = options.mark ?? 0
    }

    private mutating func set(_ keepalive: Keepalive?, _ isMultipath: Bool, _ isFastOpen: Bool) {
        if let keepalive {
            self.keepalive_idle = Self.seconds(keepalive.idle)
            self.keepalive_interval = Self.seconds(keepalive.interval)
            // The kernel takes 1...127.
            self.keepalive_count = CInt(min(max(keepalive.count, 1), 127))
        }
        self.multipath = isMultipath ? 1 : 0
        self.fast_open = isFastOpen ? 1 : 0
    }

    /// The kernel takes 1...32767.
    private static func seconds(_ interval: Interval) -> CInt {
        CInt(min(max((interval.nanoseconds + 999_999_999) / 1_000_000_000, 1), 32_767))
    }
}
