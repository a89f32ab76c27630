import CLinux
public import CausewayBytes
import Glibc

/// Datagrams that one call has received, in memory of their own. One instance belongs to one loop, and holds nothing
/// between two turns.
public final class DatagramBatch {
    /// Datagrams that are received at once, at most; each may be several segments.
    public static let capacity = Int(CLinux_datagram_batch)
    /// Bytes of the largest datagram there is, or of a row of segments.
    private static let room = 64 << 10

    private let memory: UnsafeMutableRawPointer
    private let datagrams: UnsafeMutablePointer<CLinux_datagram>

    public init() {
        // Touched only as far as datagrams reach, so that small ones take a page each.
        self.memory = .allocate(byteCount: Self.capacity * Self.room, alignment: 64)
        self.datagrams = .allocate(capacity: Self.capacity)
        self.datagrams.initialize(repeating: CLinux_datagram(), count: Self.capacity)
        for index in 0..<Self.capacity {
            self.datagrams[index].base = self.memory + index * Self.room
            self.datagrams[index].capacity = Self.room
        }
    }

    deinit {
        self.memory.deallocate()
        self.datagrams.deallocate()
    }

    /// Receives what waits. A pending error of the socket, such as that nobody listens at the other end, is passed over
    /// once, for it says nothing of what waits behind it.
    ///
    /// - Returns: how many there are, and the error that was passed over; fewer than ``capacity`` when no more wait.
    public func receive(from socket: borrowing DatagramSocket) -> (count: Int, error: SystemCallError?) {
        let descriptor = socket.descriptor
        return Self.receive("recvmmsg") {
            CLinux_receive_datagrams(descriptor, self.datagrams, CInt(Self.capacity))
        }
    }

    /// Receives one datagram, as number `index`, from a socket that takes no rows (see ``DatagramSocket/takeRows()``) and
    /// is not told which address it was sent to. Errors are passed over in the same way.
    func receiveOne(
        _ index: Int,
        from socket: borrowing DatagramSocket
    ) -> (count: Int, error: SystemCallError?) {
        precondition(index >= 0 && index < Self.capacity)
        let descriptor = socket.descriptor
        return Self.receive("recvfrom") { CLinux_receive_datagram(descriptor, self.datagrams + index) }
    }

    @inline(__always)
    private static func receive(_ call: StaticString, _ body: () -> CInt) -> (count: Int, error: SystemCallError?) {
        var error: SystemCallError?
        for _ in 0..<2 {
            let result = body()
            if result >= 0 { return (Int(result), error) }
            if result == -EAGAIN { return (0, error) }
            error = SystemCallError(code: -result, call: call)
        }
        return (0, error)
    }

    /// Where datagram number `index` comes from.
    public func source(_ index: Int) -> SocketAddress? {
        precondition(index >= 0 && index < Self.capacity)
        return SocketAddress(self.datagrams[index].peer)
    }

    /// The address here that it was sent to, where the socket is told.
    public func local(_ index: Int) -> IPAddress? {
        precondition(index >= 0 && index < Self.capacity)
        return SocketAddress(self.datagrams[index].local)?.ip
    }

    /// Shows the one datagram, or each of several, under number `index`; possibly empty ones.
    public func forEachSegment(_ index: Int, _ body: (ByteRegion) -> Void) {
        precondition(index >= 0 && index < Self.capacity)
        let datagram = self.datagrams[index]
        guard !datagram.is_cut, let base = datagram.base else { return }
        let whole = ByteRegion(base: base, count: datagram.count)
        let segment = Int(datagram.segment)
        guard segment > 0, segment < whole.count else { return body(whole) }
        var offset = 0
        while offset < whole.count {
            let count = min(segment, whole.count - offset)
            body(whole.region(offset..<offset + count))
            offset += count
        }
    }
}
