import CLoad
import Synchronization

/// The near ends of round trips, on one thread: each association has so many datagrams under way to an echo, and sends the
/// next one when an answer comes.
public final class RoundTrips: @unchecked Sendable {
    // Safe: everything below the tallies belongs to the thread that is in `run`; the flags are atomic, and the histogram
    // is read after that thread has been joined.

    private struct Link {
        let association: Association
        var flight: Flight
    }

    /// A datagram without an answer by then is lost, in nanoseconds.
    private static let patience: Int64 = 1_000_000_000
    private static let sweepInterval: Int64 = 20_000_000
    private static let sourceAddresses = 16

    /// Sent, arrived as the echo of what was sent, lost, and strays.
    public let datagrams = DatagramTally()
    /// Associations that failed.
    public let tally = Tally()
    /// From the sending of a datagram to its echo; while ``measure(_:)`` was on.
    public private(set) var latencies = LatencyHistogram()

    private let associations: Int
    private let inFlight: Int
    private let size: Int
    private let target: Endpoint
    private let proxy: Endpoint?
    private let payload = Payload()
    private let poller: Poller
    private let incoming = DatagramBatch()
    private let outgoing = DatagramBatch()
    private var links: [Link] = []
    private let measuring = Atomic<Bool>(false)
    private let stopping = Atomic<Bool>(false)

    /// The sizes of a payload: a stamp, to what an Ethernet frame holds.
    public static let sizes = Stamp.size...1472
    /// How many datagrams of an association can be under way.
    public static let flights = 1...DatagramBatch.capacity
    /// How many associations there can be; stamps tell so many apart.
    public static let associationCounts = 1...32767

    /// - Parameters:
    ///   - inFlight: How many datagrams of each association are under way.
    ///   - size: Bytes of payload in each.
    ///   - target: An echo.
    ///   - proxy: A SOCKS5 proxy; `nil` sends straight.
    public init(
        associations: Int,
        inFlight: Int,
        size: Int,
        target: Endpoint,
        proxy: Endpoint?
    ) throws(SystemCallError) {
        precondition(Self.associationCounts.contains(associations), "stamps tell no more associations apart")
        precondition(Self.flights.contains(inFlight) && Self.sizes.contains(size), "batches have room for no more")
        self.associations = associations
        self.inFlight = inFlight
        self.size = size
        self.target = target
        self.proxy = proxy
        self.poller = try Poller()
    }

    deinit {
        for link in self.links { link.association.close() }
    }

    /// Makes ``run()`` return soon.
    public func stop() { self.stopping.store(true, ordering: .relaxed) }

    /// Says whether latencies are recorded.
    public func measure(_ on: Bool) { self.measuring.store(on, ordering: .relaxed) }

    /// Whether there is no use in going on: with an association less it would be another load.
    public var isHopeless: Bool { self.tally.failed > 0 }

    private var isOver: Bool { self.isHopeless || self.stopping.load(ordering: .relaxed) }

    /// Keeps the load up on the calling thread until ``stop()``.
    public func run() throws(SystemCallError) {
        try self.open()
        var nextSweep = CLoad_now() + Self.sweepInterval
        while !self.isOver {
            try self.poller.wait(milliseconds: 20) { token, _ throws(SystemCallError) in
                self.answered(Int(token.slot))
            }
            let now = CLoad_now()
            if now >= nextSweep {
                nextSweep = now + Self.sweepInterval
                self.sweep(now)
            }
        }
    }

    /// Opens all associations, then fills each with datagrams.
    private func open() throws(SystemCallError) {
        for index in 0..<self.associations where !self.isOver {
            let source = Endpoint.loopback(1, UInt8(1 + index % Self.sourceAddresses))
            do throws(FailureCause) {
                let association = try Association.open(from: source, to: self.target, through: self.proxy)
                self.links.append(Link(association: association, flight: Flight(places: self.inFlight)))
            } catch {
                return self.tally.sessionFailed(error)
            }
            try self.poller.add(
                self.links[index].association.socket,
                for: .readable,
                token: Token(slot: index, generation: 0)
            )
        }
        for index in self.links.indices {
            for place in 0..<self.inFlight { self.put(place, of: index, CLoad_now()) }
            self.flush(index)
        }
    }

    private func answered(_ index: Int) {
        switch self.links[index].association.socket.receive(self.incoming) {
        case .moved(let count):
            let now = CLoad_now()
            for number in 0..<count { self.take(self.incoming[number], of: index, now) }
            self.flush(index)
        case .wouldBlock: break
        case .endOfStream, .failed: self.tally.sessionFailed(.closed)
        }
    }

    /// Takes an answer, and puts the next datagram into its place.
    private func take(_ datagram: UnsafeRawBufferPointer, of index: Int, _ now: Int64) {
        let answer = self.links[index].association.answer(datagram, payload: self.payload, size: self.size)
        guard case .payload(let stamp) = answer, stamp.association == index else {
            self.tally.sessionCorrupt()
            return self.tally.sessionFailed(.corrupt)
        }
        guard let arrival = self.links[index].flight.arrive(stamp.number, at: now) else {
            return self.datagrams.strayed()
        }
        self.datagrams.arrived(1)
        if self.measuring.load(ordering: .relaxed) { self.latencies.record(arrival.nanoseconds) }
        self.put(arrival.place, of: index, now)
    }

    private func put(_ place: Int, of index: Int, _ now: Int64) {
        let number = self.links[index].flight.depart(place, at: now)
        let stamp = Stamp(counts: true, association: index, number: number)
        let header = self.links[index].association.header
        self.outgoing.append(header: header, stamp: stamp, payload: self.payload, size: self.size)
    }

    /// Sends what has been put. What the kernel has no room for is lost, like any other datagram.
    private func flush(_ index: Int) {
        guard self.outgoing.count > 0 else { return }
        switch self.links[index].association.socket.send(self.outgoing) {
        case .moved(let count): self.datagrams.sent(count)
        case .wouldBlock: break
        case .endOfStream, .failed: self.tally.sessionFailed(.closed)
        }
        self.outgoing.count = 0
    }

    private func sweep(_ now: Int64) {
        for index in self.links.indices {
            guard self.links[index].association.isOpen else { return self.tally.sessionFailed(.closed) }
            let late = self.links[index].flight.giveUp(departedBefore: now - Self.patience)
            self.datagrams.lost(late.count)
            for place in late { self.put(place, of: index, now) }
            self.flush(index)
        }
    }
}
