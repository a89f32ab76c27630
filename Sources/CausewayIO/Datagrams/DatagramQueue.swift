import CLinux
public import CausewayBytes
import Glibc

/// Whose datagrams a queue sends. Whoever has queued one flushes the queue before it goes.
public protocol DatagramSender: AnyObject {
    /// The kernel did not take a datagram with so many bytes of payload: EMSGSIZE where it does not fit the path, EAGAIN
    /// where there is no room in the socket, ENETUNREACH and such where there is no way.
    func datagramWasNotSent(_ payload: Int, _ error: SystemCallError)
}

/// Datagrams on their way to one socket, sent many at once: those that go to one place and are of one size as the
/// segments of one (UDP_SEGMENT), whoever sends them. One instance belongs to one loop, and is empty between two turns.
public final class DatagramQueue {
    /// Bytes of a datagram at most, with what a protocol adds.
    public static let largest = 65_507
    private static let capacity = 192 << 10
    private static let runCapacity = Int(CLinux_datagram_batch)
    /// What the kernel takes as one (UDP_MAX_SEGMENTS), and a datagram can hold.
    private static let segmentsOfRun = 64
    private static let bytesOfRun = 64_000

    /// Who is told of a datagram that is not sent, and of how many bytes.
    private struct Origin {
        // Safe: a sender outlives what it has queued. So none is kept and let go for each datagram.
        unowned(unsafe) let sender: any DatagramSender
        let payload: Int
    }

    /// Datagrams that go as one.
    private struct Run {
        /// The origin of the first; those of the others follow.
        var first = 0
        var segments = 0
        /// Its last datagram is shorter than the others, so that none can follow.
        var isComplete = false
    }

    // Safe: allocated in `init`, freed in `deinit`, and hold nothing that has to be let go.
    private let memory: UnsafeMutableRawPointer
    private let datagrams: UnsafeMutablePointer<CLinux_datagram>
    private let runs: UnsafeMutablePointer<Run>
    private let origins: UnsafeMutablePointer<Origin>
    /// How many of ``runs`` there are, and of ``origins``.
    private var count = 0
    private var originCount = 0
    private var used = 0
    private var descriptor: CInt = -1
    private var isV6 = false

    public init() {
        self.memory = .allocate(byteCount: Self.capacity, alignment: 64)
        self.datagrams = .allocate(capacity: Self.runCapacity)
        self.datagrams.initialize(repeating: CLinux_datagram(), count: Self.runCapacity)
        self.runs = .allocate(capacity: Self.runCapacity)
        self.origins = .allocate(capacity: Self.runCapacity * Self.segmentsOfRun)
    }

    deinit {
        self.memory.deallocate()
        self.datagrams.deallocate()
        self.runs.deallocate()
        self.origins.deallocate()
    }

    /// Room for one datagram of `count` bytes to be written into, for `socket`. What waits for another socket, or has left
    /// no room, is sent.
    public func room(_ count: Int, for socket: borrowing DatagramSocket) -> ByteRegion {
        precondition(count <= Self.capacity)
        if self.descriptor != socket.descriptor || self.used + count > Self.capacity { self.flush() }
        self.descriptor = socket.descriptor
        self.isV6 = socket.isV6
        return ByteRegion(base: self.memory + self.used, count: count)
    }

    /// Adds the datagram that was written to the last room, from its start.
    ///
    /// - Parameters:
    ///   - count: its bytes.
    ///   - payload: those of them that the sender is told of should it not be sent.
    ///   - peer: where it goes; `nil` for a socket that is connected.
    ///   - local: the address that it is to come from; `nil` for the socket's.
    public func append(
        _ count: Int,
        payload: Int,
        to peer: SocketAddress?,
        from local: IPAddress?,
        by sender: any DatagramSender
    ) {
        let start = self.memory + self.used
        self.used += count
        if !self.extendRun(count, peer, local) { self.beginRun(start, count, peer, local) }
        (self.origins + self.originCount).initialize(to: Origin(sender: sender, payload: payload))
        self.originCount += 1
    }

    private func beginRun(
        _ start: UnsafeMutableRawPointer,
        _ count: Int,
        _ peer: SocketAddress?,
        _ local: IPAddress?
    ) {
        if self.count == Self.runCapacity { self.sendAll() }
        var datagram = CLinux_datagram()
        datagram.base = start
        datagram.count = count
        if let peer { datagram.peer = CLinux_address(peer) }
        if let local { datagram.local = CLinux_address(SocketAddress(ip: local, port: 0)) }
        self.datagrams[self.count] = datagram
        (self.runs + self.count).initialize(to: Run(first: self.originCount, segments: 1))
        self.count += 1
    }

    /// Lets the datagram be one more segment of the last run, if it goes the same way.
    private func extendRun(_ count: Int, _ peer: SocketAddress?, _ local: IPAddress?) -> Bool {
        guard self.count > 0, count > 0 else { return false }
        let last = self.count - 1
        let run = self.runs[last]
        let datagram = self.datagrams[last]
        let size = run.segments == 1 ? datagram.count : Int(datagram.segment)
        guard !run.isComplete, count <= size, run.segments < Self.segmentsOfRun,
            datagram.count + count <= Self.bytesOfRun, SocketAddress(datagram.peer) == peer,
            SocketAddress(datagram.local)?.ip == local
        else { return false }
        self.datagrams[last].segment = UInt32(size)
        self.datagrams[last].count += count
        self.runs[last].segments += 1
        self.runs[last].isComplete = count < size
        return true
    }

    /// Sends everything.
    public func flush() {
        self.sendAll()
        self.used = 0
        self.descriptor = -1
    }

    private func sendAll() {
        guard self.count > 0 else { return }
        CLinux_send_datagrams(self.descriptor, self.isV6 ? 1 : 0, self.datagrams, CInt(self.count))
        for index in 0..<self.count {
            let datagram = self.datagrams[index]
            if datagram.error != 0 {
                if datagram.error != EAGAIN {
                    self.sendAgain(datagram, self.runs[index])
                } else {
                    let run = self.runs[index]
                    for origin in run.first..<run.first + run.segments {
                        self.report(datagram.error, self.origins[origin])
                    }
                }
            }
        }
        self.count = 0
        self.originCount = 0
    }

    /// Sends one by one what the kernel did not take: segments on a device that cannot, or where one does not fit; and what
    /// met the error of another's datagram, which a socket tells whoever uses it next.
    private func sendAgain(_ whole: CLinux_datagram, _ run: Run) {
        guard let base = whole.base else { return }
        var offset = 0
        for index in run.first..<run.first + run.segments {
            var one = whole
            one.base = base + offset
            one.count = whole.segment > 0 ? min(Int(whole.segment), whole.count - offset) : whole.count
            one.segment = 0
            CLinux_send_datagrams(self.descriptor, self.isV6 ? 1 : 0, &one, 1)
            if one.error != 0 { self.report(one.error, self.origins[index]) }
            offset += one.count
        }
    }

    private func report(_ error: CInt, _ origin: Origin) {
        origin.sender.datagramWasNotSent(origin.payload, SystemCallError(code: error, call: "sendmmsg"))
    }
}
