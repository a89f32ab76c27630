import CLoad
import Synchronization

/// The near ends of the load, on one thread: sessions to the targets, straight or through a SOCKS5 proxy.
public final class Clients: @unchecked Sendable {
    // Safe: everything below the tally belongs to the thread that is in `run`; the flags are atomic, and the histogram
    // is read after that thread has been joined.

    /// What the sessions do.
    public enum Work: Sendable {
        /// Streams that read from a source, without end.
        case download(streams: Int)
        /// Streams that write to a sink, without end.
        case upload(streams: Int)
        /// Connections one after the other, so many at once: a few bytes to an echo and back, then closed.
        case exchange(atOnce: Int, size: Int)
        /// Sessions that stay after one byte to an echo and back.
        case hold(sessions: Int, atOnce: Int)
    }

    private enum Stage {
        case connecting, dialogue, reading, writing, echoing, holding
    }

    private struct Session {
        var socket: Socket
        var stage: Stage
        var generation: UInt32
        var request: [UInt8]
        var begun: Int64
        var dialogue = SocksDialogue()
        /// Where in its stream, or in its exchange, the session is.
        var offset = 0
    }

    /// A session that has not opened or exchanged its bytes by then has failed, in nanoseconds.
    /// Long enough for a lost SYN to be sent again, short enough that a session which hangs is seen in a run of seconds.
    private static let patience: Int64 = 3_000_000_000
    /// Failures, more than there were successes, at which to give up: a proxy that refuses must not make the loop spin.
    private static let failureLimit = 1000
    private static let sourceAddresses = 16

    /// Bytes: those read from a source. Completed: exchanges done, sessions held.
    public let tally = Tally()
    /// From the start of the connection to the last byte of the exchange; while ``measure(_:)`` was on.
    public private(set) var latencies = LatencyHistogram()

    private let work: Work
    private let targets: [Endpoint]
    private let requests: [[UInt8]]
    private let proxy: Endpoint?
    private let payload: Payload
    private let verify: Bool
    private let poller: Poller
    private let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 64)
    private var slots: [Session?] = []
    private var free: [Int] = []
    private var generation: UInt32 = 0
    private var unsettled = 0
    private var redial = 0
    private let measuring = Atomic<Bool>(false)
    private let stopping = Atomic<Bool>(false)

    /// - Parameters:
    ///   - targets: The source, sink or echo servers that fit the work; sessions take them in turn.
    ///   - proxy: A SOCKS5 proxy; `nil` connects straight.
    ///   - verify: Whether what is read from a source is compared with the payload.
    public init(
        _ work: Work,
        targets: [Endpoint],
        proxy: Endpoint?,
        payload: Payload,
        verify: Bool = false
    ) throws(SystemCallError) {
        precondition(!targets.isEmpty, "sessions need a target")
        self.work = work
        self.targets = targets
        self.requests = targets.map(SocksDialogue.request)
        self.proxy = proxy
        self.payload = payload
        self.verify = verify
        self.poller = try Poller()
    }

    deinit {
        for session in self.slots { session?.socket.close() }
        self.scratch.deallocate()
    }

    /// Makes ``run()`` return soon.
    public func stop() { self.stopping.store(true, ordering: .relaxed) }

    /// Says whether latencies are recorded.
    public func measure(_ on: Bool) { self.measuring.store(on, ordering: .relaxed) }

    /// Whether there is no use in going on: most sessions fail.
    public var isHopeless: Bool { self.tally.failed >= self.tally.completed + Self.failureLimit }

    /// Keeps the load up on the calling thread until ``stop()``.
    public func run() throws(SystemCallError) {
        var nextSweep = CLoad_now() + 1_000_000_000
        self.redial = self.initialSessions
        while !self.stopping.load(ordering: .relaxed), !self.isHopeless {
            while self.redial > 0, !self.isHopeless {
                self.redial -= 1
                try self.dial()
            }
            try self.poller.wait(milliseconds: 20) { token, ready throws(SystemCallError) in
                try self.serve(token, ready)
            }
            let now = CLoad_now()
            if now >= nextSweep {
                nextSweep = now + 1_000_000_000
                self.sweep(now)
            }
        }
        self.sweep(CLoad_now())
    }

    private var initialSessions: Int {
        switch self.work {
        case .download(let streams), .upload(let streams): streams
        case .exchange(let atOnce, _): atOnce
        case .hold(let sessions, let atOnce): min(sessions, atOnce)
        }
    }

    // MARK: Sessions begin

    private func dial() throws(SystemCallError) {
        self.generation &+= 1
        let turn = Int(self.generation)
        let target = turn % self.targets.count
        let from = Endpoint.loopback(1, UInt8(1 + turn % Self.sourceAddresses))
        let begun = CLoad_now()
        let socket: Socket
        do throws(SystemCallError) {
            socket = try Socket.connecting(from: from, to: self.proxy ?? self.targets[target])
        } catch {
            self.tally.sessionFailed(.unconnected)
            // Once more from the next turn of the loop, when there may be a port again.
            self.redial += self.isHopeless ? 0 : 1
            return
        }
        let session = Session(
            socket: socket,
            stage: .connecting,
            generation: self.generation,
            request: self.requests[target],
            begun: begun
        )
        let slot = self.free.popLast() ?? self.slots.count
        if slot == self.slots.count { self.slots.append(session) } else { self.slots[slot] = session }
        self.unsettled += 1
        try self.poller.add(socket, for: .writable, token: Token(slot: slot, generation: self.generation))
    }

    private func serve(_ token: Token, _ ready: Interest) throws(SystemCallError) {
        let slot = Int(token.slot)
        guard let session = self.slots[slot], session.generation == token.generation else { return }
        switch session.stage {
        case .connecting: try self.connected(slot, session)
        case .dialogue: try self.converse(slot, session)
        case .reading: self.drain(slot, session)
        case .writing: ready.isDisjoint(with: .broken) ? self.pour(slot, session) : self.fail(slot, .closed)
        case .echoing: self.receiveEcho(slot, session)
        case .holding: self.fail(slot, .closed)  // nobody sends anything: the session has been taken away
        }
    }

    private func connected(_ slot: Int, _ session: Session) throws(SystemCallError) {
        guard CLoad_socket_error(session.socket.descriptor) == 0 else { return self.fail(slot, .unconnected) }
        try self.poller.change(
            session.socket,
            to: .readable,
            token: Token(slot: slot, generation: session.generation)
        )
        if self.proxy == nil { return try self.opened(slot, session) }
        var session = session
        session.stage = .dialogue
        self.slots[slot] = session
        self.sendSmall(SocksDialogue.greeting[...], slot, session)
    }

    private func converse(_ slot: Int, _ session: Session) throws(SystemCallError) {
        var session = session
        while true {
            let wanted = UnsafeMutableRawBufferPointer(rebasing: self.scratch[..<session.dialogue.bytesWanted])
            switch session.socket.receive(into: wanted) {
            case .moved(let count):
                for index in 0..<count {
                    switch session.dialogue.received(wanted[index]) {
                    case .wait: break
                    case .sendRequest: self.sendSmall(session.request[...], slot, session)
                    case .open: return try self.opened(slot, session)
                    case .refused: return self.fail(slot, .refused)
                    case .malformed: return self.fail(slot, .malformed)
                    }
                }
                guard self.slots[slot] != nil else { return }
                self.slots[slot] = session
            case .wouldBlock: return
            case .endOfStream, .failed: return self.fail(slot, .closedInHandshake)
            }
        }
    }

    private func opened(_ slot: Int, _ session: Session) throws(SystemCallError) {
        var session = session
        switch self.work {
        case .download: session.stage = .reading
        case .upload:
            session.stage = .writing
            let token = Token(slot: slot, generation: session.generation)
            try self.poller.change(session.socket, to: .writable, token: token)
        case .exchange, .hold: session.stage = .echoing
        }
        self.slots[slot] = session
        if self.exchangeSize > 0 { self.sendSmall(self.payload.bytes[..<self.exchangeSize], slot, session) }
    }

    // MARK: Sessions at work

    private var exchangeSize: Int {
        switch self.work {
        case .download, .upload: 0
        case .exchange(_, let size): size
        case .hold: 1
        }
    }

    private func drain(_ slot: Int, _ session: Session) {
        var session = session
        let transfer =
            self.verify ? session.socket.receive(into: self.scratch) : session.socket.discard(atMost: 8 << 20)
        switch transfer {
        case .moved(let count):
            if self.verify, !self.payload.matches(.init(rebasing: self.scratch[..<count]), at: session.offset) {
                self.tally.sessionCorrupt()
                return self.fail(slot, .corrupt)
            }
            session.offset += count
            self.slots[slot] = session
            self.tally.arrived(count)
        case .wouldBlock: break
        case .endOfStream, .failed: self.fail(slot, .closed)
        }
    }

    private func pour(_ slot: Int, _ session: Session) {
        var session = session
        switch session.socket.send(self.payload, from: session.offset) {
        case .moved(let count):
            session.offset += count
            self.slots[slot] = session
        case .wouldBlock: break
        case .endOfStream, .failed: self.fail(slot, .closed)
        }
    }

    private func receiveEcho(_ slot: Int, _ session: Session) {
        var session = session
        switch session.socket.receive(into: self.scratch) {
        case .moved(let count):
            let bytes = UnsafeRawBufferPointer(rebasing: self.scratch[..<count])
            let fits = session.offset + count <= self.exchangeSize
            guard fits, self.payload.matches(bytes, at: session.offset) else {
                self.tally.sessionCorrupt()
                return self.fail(slot, .corrupt)
            }
            session.offset += count
            self.slots[slot] = session
            if session.offset == self.exchangeSize { self.completed(slot, session) }
        case .wouldBlock: break
        case .endOfStream, .failed: self.fail(slot, .closed)
        }
    }

    /// Sends what always fits into the buffer of a socket that has little or nothing in it.
    private func sendSmall(_ bytes: ArraySlice<UInt8>, _ slot: Int, _ session: Session) {
        let transfer = bytes.withUnsafeBytes { session.socket.send($0) }
        if transfer != .moved(bytes.count) { self.fail(slot, .closed) }
    }

    // MARK: Sessions end

    private func completed(_ slot: Int, _ session: Session) {
        self.tally.sessionCompleted()
        if self.measuring.load(ordering: .relaxed) { self.latencies.record(CLoad_now() - session.begun) }
        switch self.work {
        case .download, .upload: break
        case .exchange:
            self.remove(slot)
            self.redial += 1
        case .hold(let sessions, _):
            self.slots[slot]?.stage = .holding
            self.unsettled -= 1
            if self.tally.completed + self.unsettled + self.redial < sessions { self.redial += 1 }
        }
    }

    private func fail(_ slot: Int, _ cause: FailureCause) {
        guard self.slots[slot] != nil else { return }
        self.tally.sessionFailed(cause)
        self.remove(slot)
        self.redial += 1
    }

    private func remove(_ slot: Int) {
        guard let session = self.slots[slot] else { return }
        if case .holding = session.stage {} else { self.unsettled -= 1 }
        session.socket.close()
        self.slots[slot] = nil
        self.free.append(slot)
    }

    private func sweep(_ now: Int64) {
        for slot in self.slots.indices {
            guard let session = self.slots[slot], now - session.begun > Self.patience else { continue }
            switch session.stage {
            case .connecting, .dialogue, .echoing: self.fail(slot, .late)
            case .reading, .writing, .holding: break
            }
        }
    }
}
