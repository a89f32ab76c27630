import CLinux
public import CausewayBytes
import Glibc

/// A UDP socket with one owner: non-blocking and close-on-exec. Datagrams that come in a row may come as one, cut into
/// segments (UDP_GRO), where many customers share it, and where the owner asks for that. Closed when its owner goes.
public struct DatagramSocket: ~Copyable {
    /// The descriptor, or -1 for no socket.
    public private(set) var descriptor: CInt
    /// Whether it speaks IPv6; IPv4 addresses are mapped then.
    let isV6: Bool

    /// Bytes that a socket shared by many customers asks for in each direction; the system may grant less.
    private static let sharedBuffer: CInt = 4 << 20
    /// The same of a socket that one customer has: some hundredths of a second of a fast stream.
    private static let ownBuffer: CInt = 1 << 20

    /// No socket.
    public init() {
        self.descriptor = -1
        self.isV6 = false
    }

    private init(owning descriptor: CInt, isV6: Bool) {
        self.descriptor = descriptor
        self.isV6 = isV6
    }

    deinit {
        if self.descriptor >= 0 { _ = CLinux_close(self.descriptor) }
    }

    public var isOpen: Bool { self.descriptor >= 0 }

    /// A socket for the datagrams of all who send to `address`, which it shares with the other loops' (SO_REUSEPORT).
    /// `[::]` takes IPv4 too. On such an address for all, it is told which one a datagram was sent to.
    ///
    /// - Parameter isWhole: what does not fit the path is refused instead of sent in fragments.
    public static func listening(on address: SocketAddress, isWhole: Bool) throws(SystemCallError) -> DatagramSocket {
        let flags = CInt(CLinux_datagrams_shared) | Self.flags(address, isWhole)
        var raw = CLinux_address(address)
        let descriptor = try checked("bind", CLinux_bind_datagrams(&raw, flags, Self.sharedBuffer))
        return DatagramSocket(owning: descriptor, isV6: !address.ip.isV4)
    }

    private static func flags(_ address: SocketAddress, _ isWhole: Bool) -> CInt {
        CInt(CLinux_datagrams_in_rows)
            | (address.ip.isUnspecified ? CInt(CLinux_datagrams_told_addresses) : 0)
            | (isWhole ? CInt(CLinux_datagrams_whole) : 0)
    }

    /// Fails when somebody else has `address`; sharing among the loops would hide that.
    public static func checkFree(_ address: SocketAddress) throws(SystemCallError) {
        var raw = CLinux_address(address)
        _ = CLinux_close(try checked("bind", CLinux_bind_datagrams(&raw, 0, 0)))
    }

    /// A socket of its own for one customer, at any free port of `ip`.
    public static func bound(to ip: IPAddress) throws(SystemCallError) -> DatagramSocket {
        var raw = CLinux_address(SocketAddress(ip: ip, port: 0))
        let descriptor = try checked("bind", CLinux_bind_datagrams(&raw, 0, Self.ownBuffer))
        return DatagramSocket(owning: descriptor, isV6: !ip.isV4)
    }

    /// A socket that is bound already, from another process, made like one of ``listening(on:isWhole:)``. A second owner
    /// of `descriptor` has its own.
    ///
    /// - Throws: EINVAL where it is something else, and what the kernel says where there is no descriptor left.
    public static func inherited(
        _ descriptor: Descriptor,
        isWhole: Bool
    ) throws(SystemCallError) -> DatagramSocket {
        guard CLinux_is_datagrams(descriptor.raw), let address = Socket.address(of: descriptor) else {
            throw SystemCallError(code: EINVAL, call: "bind")
        }
        let own = fcntl(descriptor.raw, F_DUPFD_CLOEXEC, 3)
        guard own >= 0 else { throw SystemCallError(code: errno, call: "fcntl") }
        let socket = DatagramSocket(owning: own, isV6: !address.ip.isV4)
        _ = try checked("fcntl", CLinux_adopt(own))
        CLinux_prepare_datagrams(own, socket.isV6 ? 1 : 0, Self.flags(address, isWhole), Self.sharedBuffer)
        return socket
    }

    /// Whether a descriptor is a UDP socket.
    public static func isOne(_ descriptor: Descriptor) -> Bool { CLinux_is_datagrams(descriptor.raw) }

    /// A socket for datagrams to any address of `family`.
    public static func open(
        _ family: AddressFamily,
        options: DialOptions = DialOptions()
    ) throws(SystemCallError) -> DatagramSocket {
        let anywhere = SocketAddress(ip: family == .v4 ? .v4(0) : .v6(high: 0, low: 0), port: 0)
        return try self.open(towards: anywhere, isConnected: false, isShared: false, options: options)
    }

    /// A socket for datagrams to and from `address` alone, never in fragments.
    ///
    /// - Parameter isShared: whether many customers have it.
    /// - Throws: what the kernel says, ENETUNREACH where there is no way to the address.
    public static func connected(
        to address: SocketAddress,
        options: DialOptions = DialOptions(),
        isShared: Bool = false
    ) throws(SystemCallError) -> DatagramSocket {
        try self.open(towards: address, isConnected: true, isShared: isShared, options: options)
    }

    private static func open(
        towards address: SocketAddress,
        isConnected: Bool,
        isShared: Bool,
        options: DialOptions
    ) throws(SystemCallError) -> DatagramSocket {
        let isV6 = !address.ip.isV4
        var remote = CLinux_address(address)
        var rawOptions = CLinux_options(options)
        let buffer = isShared ? Self.sharedBuffer : Self.ownBuffer
        let flags =
            (isConnected ? CInt(CLinux_datagrams_whole) : 0) | (isShared ? CInt(CLinux_datagrams_in_rows) : 0)
        let source = try options.source(towards: address).map { CLinux_address(SocketAddress(ip: $0, port: 0)) }
        let result = withUnsafePointer(to: &remote) { remote in
            let remote = isConnected ? remote : nil
            guard var source else {
                return CLinux_open_datagrams(
                    isV6 ? 1 : 0,
                    remote,
                    &rawOptions,
                    nil,
                    options.interface,
                    flags,
                    buffer
                )
            }
            return CLinux_open_datagrams(
                isV6 ? 1 : 0,
                remote,
                &rawOptions,
                &source,
                options.interface,
                flags,
                buffer
            )
        }
        return DatagramSocket(owning: try checked("socket", result), isV6: isV6)
    }

    /// From now on datagrams go to `address` and come from it alone.
    public borrowing func connect(to address: SocketAddress) throws(SystemCallError) {
        var raw = CLinux_address(address)
        _ = try checked("connect", CLinux_connect_datagrams(self.descriptor, &raw, self.isV6 ? 1 : 0))
    }

    /// From now on datagrams that come in a row may come as one. An older kernel takes them one by one.
    borrowing func takeRows() { _ = CLinux_take_rows(self.descriptor) }

    /// A second descriptor of the socket, for another process.
    ///
    /// - Throws: what the kernel says where there is none left.
    public borrowing func duplicate() throws(SystemCallError) -> Descriptor {
        let copy = fcntl(self.descriptor, F_DUPFD_CLOEXEC, 3)
        guard copy >= 0 else { throw SystemCallError(code: errno, call: "fcntl") }
        return Descriptor(owning: copy)
    }

    /// The address of this end.
    public borrowing func localAddress() -> SocketAddress? {
        var raw = CLinux_address()
        guard CLinux_local_address(self.descriptor, &raw) == 0 else { return nil }
        return SocketAddress(raw)
    }

    public mutating func close() {
        guard self.descriptor >= 0 else { return }
        _ = CLinux_close(self.descriptor)
        self.descriptor = -1
    }
}
