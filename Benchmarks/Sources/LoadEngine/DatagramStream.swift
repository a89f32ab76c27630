import CLoad
import Synchronization

/// The near end of one stream of datagrams, on one thread: sent at an even rate, whatever becomes of them.
public final class DatagramStream: @unchecked Sendable {
    // Safe: everything below the tallies belongs to the thread that is in `run`; the flags are atomic.

    /// How many datagrams are sent at once, at most, when the thread was late; further back nothing is made up for.
    private static let burst = 16
    private static let sweepInterval: Int64 = 20_000_000

    /// Those sent while ``measure(_:)`` was on, and of these, those that came back.
    public let datagrams = DatagramTally()
    /// Associations that failed.
    public let tally = Tally()

    private let interval: Int64
    private let size: Int
    private let target: Endpoint
    private let proxy: Endpoint?
    private let payload = Payload()
    private let incoming = DatagramBatch()
    private let outgoing = DatagramBatch()
    private var next = 0
    private var seen = NumberSet()
    private let measuring = Atomic<Bool>(false)
    private let stopping = Atomic<Bool>(false)

    /// - Parameters:
    ///   - bitsPerSecond: The rate, of payload.
    ///   - size: Bytes of payload in each datagram, of ``RoundTrips/sizes``.
    ///   - target: An echo, or what only counts.
    ///   - proxy: A SOCKS5 proxy; `nil` sends straight.
    public init(bitsPerSecond: Double, size: Int, target: Endpoint, proxy: Endpoint?) {
        precondition(bitsPerSecond > 0 && RoundTrips.sizes.contains(size), "a stream has a rate and a size")
        self.interval = max(1, Int64((Double(size) * 8e9 / bitsPerSecond).rounded()))
        self.size = size
        self.target = target
        self.proxy = proxy
    }

    /// Makes ``run()`` return soon.
    public func stop() { self.stopping.store(true, ordering: .relaxed) }

    /// Says whether the datagrams sent from now on count.
    public func measure(_ on: Bool) { self.measuring.store(on, ordering: .relaxed) }

    /// Whether there is no use in going on.
    public var isHopeless: Bool { self.tally.failed > 0 }

    private var isOver: Bool { self.isHopeless || self.stopping.load(ordering: .relaxed) }

    /// Keeps the stream up on the calling thread until ``stop()``.
    public func run() throws(SystemCallError) {
        let association: Association
        do throws(FailureCause) {
            let source = Endpoint.loopback(1, 1)
            association = try Association.open(from: source, to: self.target, through: self.proxy)
        } catch {
            return self.tally.sessionFailed(error)
        }
        defer { association.close() }
        var due = CLoad_now()
        var nextSweep = due
        while !self.isOver {
            let now = CLoad_now()
            due = max(due, now - Int64(Self.burst - 1) * self.interval)
            self.send(through: association, due: &due, now)
            if now >= nextSweep {
                nextSweep = now + Self.sweepInterval
                if !association.isOpen { self.tally.sessionFailed(.closed) }
            }
            let isReadable = try systemCall("ppoll") { CLoad_wait_until(association.socket.descriptor, due) } > 0
            if isReadable { self.receive(from: association) }
        }
    }

    private func send(through association: Association, due: inout Int64, _ now: Int64) {
        let counts = self.measuring.load(ordering: .relaxed)
        self.outgoing.count = 0
        while due <= now {
            let stamp = Stamp(counts: counts, association: 0, number: self.next)
            self.outgoing.append(header: association.header, stamp: stamp, payload: self.payload, size: self.size)
            self.next += 1
            due += self.interval
        }
        guard self.outgoing.count > 0 else { return }
        switch association.socket.send(self.outgoing) {
        case .moved(let count): if counts { self.datagrams.sent(count) }
        case .wouldBlock: break
        case .endOfStream, .failed: self.tally.sessionFailed(.closed)
        }
    }

    private func receive(from association: Association) {
        switch association.socket.receive(self.incoming) {
        case .moved(let count): for index in 0..<count { self.take(self.incoming[index], from: association) }
        case .wouldBlock: break
        case .endOfStream, .failed: self.tally.sessionFailed(.closed)
        }
    }

    private func take(_ datagram: UnsafeRawBufferPointer, from association: Association) {
        let answer = association.answer(datagram, payload: self.payload, size: self.size)
        // What was never sent would be no number either.
        guard case .payload(let stamp) = answer, stamp.association == 0, stamp.number < self.next else {
            self.tally.sessionCorrupt()
            return self.tally.sessionFailed(.corrupt)
        }
        guard self.seen.insert(stamp.number) else { return self.datagrams.strayed() }
        if stamp.counts { self.datagrams.arrived(1) }
    }
}
