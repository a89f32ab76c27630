import CLinux
public import CausewayBytes
import Glibc

/// A TCP socket with one owner: non-blocking, close-on-exec, without Nagle's algorithm. Closed when its owner goes.
public struct Socket: ~Copyable {
    /// The descriptor, or -1 for no socket.
    public private(set) var descriptor: CInt

    /// No socket.
    public init() {
        self.descriptor = -1
    }

    private init(owning descriptor: CInt) {
        self.descriptor = descriptor
    }

    deinit {
        if self.descriptor >= 0 { _ = CLinux_close(self.descriptor) }
    }

    public var isOpen: Bool { self.descriptor >= 0 }

    /// A listening socket that shares its address with the other loops' (SO_REUSEPORT); `[::]` takes IPv4 too. On the
    /// loopback, what it accepts is not paced.
    public static func listening(
        on address: SocketAddress,
        backlog: CInt,
        options: ListenOptions = ListenOptions()
    ) throws(SystemCallError) -> Socket {
        var raw = CLinux_address(address)
        var options = CLinux_options(options)
        let socket = Socket(owning: try checked("listen", CLinux_listen(&raw, backlog, &options)))
        if address.ip.isLoopback { LoopbackCongestion.select(on: socket.descriptor) }
        return socket
    }

    /// A TCP socket that listens already, from elsewhere: from another process. A second owner of `descriptor` has its own.
    ///
    /// - Throws: EINVAL where it is something else, and what the kernel says where there is no descriptor left.
    public static func inherited(_ descriptor: Descriptor) throws(SystemCallError) -> Socket {
        guard CLinux_is_listening(descriptor.raw) else { throw SystemCallError(code: EINVAL, call: "listen") }
        let own = fcntl(descriptor.raw, F_DUPFD_CLOEXEC, 3)
        guard own >= 0 else { throw SystemCallError(code: errno, call: "fcntl") }
        let socket = Socket(owning: own)
        _ = try checked("fcntl", CLinux_adopt(own))
        return socket
    }

    /// A second descriptor of the socket, for another process.
    ///
    /// - Throws: what the kernel says where there is none left.
    public borrowing func duplicate() throws(SystemCallError) -> Descriptor {
        let copy = fcntl(self.descriptor, F_DUPFD_CLOEXEC, 3)
        guard copy >= 0 else { throw SystemCallError(code: errno, call: "fcntl") }
        return Descriptor(owning: copy)
    }

    /// The address that a descriptor of a socket is bound to; `nil` for anything else.
    public static func address(of descriptor: Descriptor) -> SocketAddress? {
        var raw = CLinux_address()
        guard CLinux_local_address(descriptor.raw, &raw) == 0 else { return nil }
        return SocketAddress(raw)
    }

    /// Fails when somebody else has `address`; sharing among the loops would hide that.
    public static func checkFree(_ address: SocketAddress) throws(SystemCallError) {
        var raw = CLinux_address(address)
        _ = try checked("bind", CLinux_check_free(&raw))
    }

    /// The next connection of a listening socket, or `nil` when none waits.
    public borrowing func accept(peer: inout SocketAddress) throws(SystemCallError) -> Socket? {
        var raw = CLinux_address()
        let result = CLinux_accept(self.descriptor, &raw)
        if result == -EAGAIN { return nil }
        let socket = Socket(owning: try checked("accept", result))
        if let address = SocketAddress(raw) { peer = address }
        return socket
    }

    /// A socket whose connection to `address` is made or under way; it becomes writable when that is decided. To the
    /// loopback it is not paced.
    ///
    /// - Throws: what the kernel says of the connection or of what `options` asks for; the call of the error names it.
    ///   EADDRNOTAVAIL where the options have a source address, and none of the family of `address`.
    public static func connecting(
        to address: SocketAddress,
        options: DialOptions = DialOptions()
    ) throws(SystemCallError) -> Socket {
        let socket = try self.connectingPaced(to: address, options: options)
        if address.ip.isLoopback { LoopbackCongestion.select(on: socket.descriptor) }
        return socket
    }

    /// The same with the congestion control that the system gives it.
    private static func connectingPaced(
        to address: SocketAddress,
        options: DialOptions
    ) throws(SystemCallError) -> Socket {
        var raw = CLinux_address(address)
        var step: CInt = 0
        if options.isPlain { return Socket(owning: try checked("connect", CLinux_connect(&raw, nil, nil, nil, &step))) }
        var rawOptions = CLinux_options(options)
        let result: CInt
        if let source = try options.source(towards: address) {
            var rawSource = CLinux_address(SocketAddress(ip: source, port: 0))
            result = CLinux_connect(&raw, &rawOptions, &rawSource, options.interface, &step)
        } else {
            result = CLinux_connect(&raw, &rawOptions, nil, options.interface, &step)
        }
        let call: StaticString =
            switch Int(step) {
            case CLinux_step_mark: "setsockopt SO_MARK"
            case CLinux_step_interface: "setsockopt SO_BINDTODEVICE"
            case CLinux_step_source: "bind to the source address"
            case CLinux_step_keepalive: "setsockopt TCP_KEEPIDLE"
            default: "connect"
            }
        return Socket(owning: try checked(call, result))
    }

    /// The error that waits on the socket, such as that of its connection attempt.
    public borrowing func pendingError() -> SystemCallError? {
        let code = CLinux_socket_error(self.descriptor)
        return code == 0 ? nil : SystemCallError(code: code, call: "connect")
    }

    /// Whether the other end does not acknowledge what it was sent, again and again: nothing that is written arrives.
    public var isStalled: Bool { CLinux_retransmissions(self.descriptor) >= 2 }

    /// Bytes that were written and that the other end has not acknowledged; all that can be where that is not known.
    public var unacknowledged: Int {
        let count = CLinux_unacknowledged(self.descriptor)
        return count < 0 ? Int.max : Int(count)
    }

    /// The address of this end.
    public borrowing func localAddress() -> SocketAddress? {
        var raw = CLinux_address()
        guard CLinux_local_address(self.descriptor, &raw) == 0 else { return nil }
        return SocketAddress(raw)
    }

    @inline(__always)
    public borrowing func read(into region: ByteRegion) -> TransferResult {
        TransferResult(reading: CLinux_receive(self.descriptor, region.base, region.count), call: "recv")
    }

    @inline(__always)
    public borrowing func read(into regions: RegionList) -> TransferResult {
        let count = regions.withRegions { CLinux_readv(self.descriptor, $0.baseAddress, CInt($0.count)) }
        return TransferResult(reading: count, call: "readv")
    }

    @inline(__always)
    public borrowing func write(_ region: ByteRegion) -> TransferResult {
        TransferResult(writing: CLinux_send(self.descriptor, region.base, region.count), call: "send")
    }

    @inline(__always)
    public borrowing func write(_ regions: RegionList) -> TransferResult {
        if regions.count == 1 { return self.write(regions[0]) }
        let count = regions.withRegions { CLinux_writev(self.descriptor, $0.baseAddress, CInt($0.count)) }
        return TransferResult(writing: count, call: "writev")
    }

    /// Sends FIN; reading goes on.
    public borrowing func shutDownWriting() {
        _ = CLinux_shutdown_write(self.descriptor)
    }

    /// Closes: FIN, or RST when bytes wait unread.
    public mutating func close() {
        guard self.descriptor >= 0 else { return }
        _ = CLinux_close(self.descriptor)
        self.descriptor = -1
    }

    /// Closes with RST, whatever waits.
    public mutating func reset() {
        guard self.descriptor >= 0 else { return }
        _ = CLinux_reset_on_close(self.descriptor)
        self.close()
    }
}

extension CLinux_address {
    init(_ address: SocketAddress) {
        switch address.ip {
        case .v4(let ip): self.init(high: 0, low: UInt64(ip), port: address.port, family: 4)
        case .v6(let high, let low): self.init(high: high, low: low, port: address.port, family: 6)
        }
    }
}

extension SocketAddress {
    @inline(__always)
    init?(_ raw: CLinux_address) {
        switch raw.family {
        case 4: self.init(ip: .v4(UInt32(truncatingIfNeeded: raw.low)), port: raw.port)
        case 6: self.init(ip: IPAddress(v6High: raw.high, low: raw.low), port: raw.port)
        default: return nil
        }
    }
}
