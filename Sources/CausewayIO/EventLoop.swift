import CLinux
public import CausewayBytes
import Synchronization

/// One thread's loop over epoll, timers and messages from other threads.
///
/// Everything registered here is touched by the loop's thread alone; only ``execute(_:)`` and ``stop()`` may be called
/// from elsewhere. A descriptor is added once, edge-triggered unless it is said otherwise, and forgotten by the kernel
/// when it is closed. The word that epoll carries names the handler, not the descriptor:
///
///     generation[32] | tag[8] | slot[24]
///
/// so that an event of a descriptor whose owner is gone reaches nobody.
///
/// `@unchecked Sendable`: all but `inbox`, `wakeUp` and `stopping` belongs to the thread in `run`, and those three are
/// safe to share.
public final class EventLoop: @unchecked Sendable {
    private struct Slot {
        var handler: (any EventHandler)?
        var generation: UInt32 = 0
        var nextFree: Int32 = -1
        /// A turn was asked for and has not come.
        var awaitsTurn = false
    }

    /// The bit of a tag that says of the handler that it ends its turns with others': see ``endTurn(with:)``.
    public static let jointTag: UInt8 = 0x80

    private static let eventCapacity = 256
    private static let slotLimit = 1 << 24
    private static let wakeUpWord = UInt64.max
    /// Nanoseconds after which those that yielded let new events pass: who has little to move is not to wait for all who
    /// have much.
    private static let quantum: UInt64 = 500_000
    /// Nanoseconds of a timer's tick.
    private static let tick: UInt64 = 1_000_000

    // MARK: Loop's thread only

    /// The monotonic time at the start of this turn.
    public private(set) var now: Instant
    /// The wall clock at the start of this turn, in seconds since 1970.
    public private(set) var clock: UInt64
    /// The number of this turn; it wraps.
    public private(set) var turn: UInt32 = 0
    /// More may be ready than this turn can take up, so that some are told in a later one.
    private var isCrowded = false
    private let epoll: CInt
    private let events: UnsafeMutablePointer<epoll_event>
    private var slots: [Slot] = []
    private var freeSlot: Int32 = -1
    private var wheel: TimerWheel
    /// Who asked for a turn, and who of those before is to get it now: ``resuming`` from ``nextTurn`` on.
    private var yielding: [HandlerToken] = []
    private var resuming: [HandlerToken] = []
    private var nextTurn = 0
    /// What is to be done before anybody whose tag has no ``jointTag`` has a turn.
    private var turnEnd: (any TurnEnd)?

    // MARK: Any thread

    /// `nil` once the loop has stopped: what nobody will run is not kept, with whom it keeps.
    private let inbox = Mutex<[@Sendable () -> Void]?>([])
    private let wakeUp: CInt
    private let stopping = Atomic<Bool>(false)

    /// - Throws: what the kernel says when it has no descriptors left.
    public init() throws(SystemCallError) {
        let epoll = try checked("epoll_create1", CLinux_epoll_create())
        let wakeUp: CInt
        do throws(SystemCallError) {
            wakeUp = try checked("eventfd", CLinux_eventfd())
            let interest = ReadyEvents.readable.rawValue | EPOLLET.rawValue
            _ = try checked("epoll_ctl", CLinux_epoll_add(epoll, wakeUp, interest, Self.wakeUpWord))
        } catch {
            _ = CLinux_close(epoll)
            throw error
        }
        self.epoll = epoll
        self.wakeUp = wakeUp
        self.events = .allocate(capacity: Self.eventCapacity)
        self.now = Instant(nanoseconds: CLinux_monotonic_nanoseconds())
        self.clock = CLinux_unix_seconds()
        self.wheel = TimerWheel(now: self.now.nanoseconds / Self.tick)
    }

    deinit {
        _ = CLinux_close(self.epoll)
        _ = CLinux_close(self.wakeUp)
        self.events.deallocate()
    }

    // MARK: - Handlers and descriptors

    /// Gives `handler` a token; the loop keeps it alive until ``deregister(_:)``.
    public func register(_ handler: any EventHandler) -> HandlerToken {
        let index: Int
        if self.freeSlot >= 0 {
            index = Int(self.freeSlot)
            self.freeSlot = self.slots[index].nextFree
        } else {
            precondition(self.slots.count < Self.slotLimit, "more handlers than an event's word can name")
            index = self.slots.count
            self.slots.append(Slot())
        }
        self.slots[index].handler = handler
        return HandlerToken(slot: UInt32(index), generation: self.slots[index].generation)
    }

    /// Forgets the handler: no event, timer or turn reaches it from now on.
    public func deregister(_ token: HandlerToken) {
        let index = Int(token.slot)
        guard index < self.slots.count, self.slots[index].generation == token.generation else { return }
        self.slots[index].handler = nil
        self.slots[index].awaitsTurn = false
        self.slots[index].generation &+= 1
        self.slots[index].nextFree = self.freeSlot
        self.freeSlot = Int32(index)
    }

    /// Shows all handlers; `body` registers none and deregisters none.
    public func forEachHandler(_ body: (any EventHandler) -> Void) {
        for slot in self.slots {
            if let handler = slot.handler { body(handler) }
        }
    }

    /// Watches `descriptor` for `interest`, until it is closed or removed.
    ///
    /// - Parameter isRepeated: whether the handler is told in every turn as long as the descriptor is ready
    ///   (level-triggered), not only when it has become ready once more.
    public func add(
        _ descriptor: CInt,
        _ interest: ReadyEvents,
        isRepeated: Bool = false,
        to token: HandlerToken,
        tag: UInt8
    ) throws(SystemCallError) {
        let word = Self.word(token, tag)
        let events = isRepeated ? interest.rawValue : interest.rawValue | EPOLLET.rawValue
        _ = try checked("epoll_ctl", CLinux_epoll_add(self.epoll, descriptor, events, word))
    }

    /// Watches `descriptor`, which was added before, for `interest` instead, edge-triggered.
    public func modify(
        _ descriptor: CInt,
        _ interest: ReadyEvents,
        to token: HandlerToken,
        tag: UInt8
    ) throws(SystemCallError) {
        let word = Self.word(token, tag)
        let events = interest.rawValue | EPOLLET.rawValue
        _ = try checked("epoll_ctl", CLinux_epoll_modify(self.epoll, descriptor, events, word))
    }

    /// Stops watching a descriptor that stays open.
    public func remove(_ descriptor: CInt) {
        _ = CLinux_epoll_remove(self.epoll, descriptor)
    }

    // MARK: - Timers and turns

    /// Whether who was told in the turn of number `last` that something waits, and is told now, has been left no turn
    /// between in which nothing did.
    @inline(__always)
    public func isNext(after last: UInt32) -> Bool { self.turn == last &+ 1 || self.isCrowded }

    /// Calls the handler's `timerFired` after `interval`, to the millisecond, never early.
    public func schedule(after interval: Interval, to token: HandlerToken, tag: UInt8) -> TimerWheel.Handle {
        let due = (self.now + interval).nanoseconds
        return self.wheel.insert(due: due / Self.tick + 1, word: Self.word(token, tag))
    }

    public func cancel(_ timer: TimerWheel.Handle) {
        self.wheel.cancel(timer)
    }

    /// Calls the handler's `resumed` after every other ready handler has had its turn: once, however often it asked, so
    /// that nobody gets more turns by having more events. New events come in between, where the turns take long.
    public func yield(_ token: HandlerToken) {
        let index = Int(token.slot)
        guard index < self.slots.count, self.slots[index].generation == token.generation,
            !self.slots[index].awaitsTurn
        else { return }
        self.slots[index].awaitsTurn = true
        self.yielding.append(token)
    }

    /// Does what `end` says once those that are ready with the caller have had their turns: all whose events, under a tag
    /// with ``jointTag``, follow each other. One `end` for the whole loop.
    public func endTurn(with end: any TurnEnd) {
        if self.turnEnd == nil { self.turnEnd = end }
    }

    private func endTurns() {
        guard let end = self.turnEnd else { return }
        self.turnEnd = nil
        end.endTurn()
    }

    // MARK: - Other threads

    /// Runs `body` on the loop's thread, soon. Never runs it once the loop has stopped.
    public func execute(_ body: @escaping @Sendable () -> Void) {
        let wasEmpty = self.inbox.withLock { inbox in
            defer { inbox?.append(body) }
            return inbox?.isEmpty ?? false
        }
        if wasEmpty { CLinux_eventfd_signal(self.wakeUp) }
    }

    /// Makes ``run()`` return.
    public func stop() {
        self.stopping.store(true, ordering: .releasing)
        CLinux_eventfd_signal(self.wakeUp)
    }

    // MARK: - Running

    /// Serves the loop on the calling thread until ``stop()``.
    ///
    /// - Throws: when epoll itself fails, which only a programming error can cause.
    public func run() throws(SystemCallError) {
        while !self.stopping.load(ordering: .acquiring) {
            let timeout = self.timeout()
            let result = CLinux_epoll_wait(self.epoll, self.events, CInt(Self.eventCapacity), timeout)
            let count = Int(try checked("epoll_wait", result))
            self.now = Instant(nanoseconds: CLinux_monotonic_nanoseconds())
            self.clock = CLinux_unix_seconds()
            self.turn &+= 1
            self.isCrowded = count == Self.eventCapacity
            for index in 0..<count {
                let word = CLinux_event_word(self.events + index)
                if Self.tag(word) & Self.jointTag == 0 || word == Self.wakeUpWord { self.endTurns() }
                self.dispatch(self.events + index)
            }
            self.endTurns()
            while let word = self.wheel.expire(now: self.now.nanoseconds / Self.tick) {
                self.handler(word)?.timerFired(tag: Self.tag(word))
                self.endTurns()
            }
            self.giveTurns()
        }
        self.inbox.withLock { $0 = nil }
    }

    /// Nanoseconds that the loop may sleep, negative for ever.
    private func timeout() -> Int64 {
        guard self.yielding.isEmpty, self.nextTurn == self.resuming.count else { return 0 }
        guard let next = self.wheel.next else { return -1 }
        let now = CLinux_monotonic_nanoseconds()
        let due = next * Self.tick
        return due > now ? Int64(due - now) : 0
    }

    /// Gives those their turns that asked for one, until the quantum is over; the others come first the next time.
    private func giveTurns() {
        if self.nextTurn == self.resuming.count {
            self.resuming.removeAll(keepingCapacity: true)
            self.nextTurn = 0
            guard !self.yielding.isEmpty else { return }
            swap(&self.yielding, &self.resuming)
        }
        let end = CLinux_monotonic_nanoseconds() + Self.quantum
        while self.nextTurn < self.resuming.count {
            let token = self.resuming[self.nextTurn]
            self.nextTurn += 1
            self.resume(token)
            if CLinux_monotonic_nanoseconds() >= end { break }
        }
    }

    private func resume(_ token: HandlerToken) {
        guard let handler = self.handler(Self.word(token, 0)) else { return }
        self.slots[Int(token.slot)].awaitsTurn = false
        handler.resumed()
        self.endTurns()
    }

    private func dispatch(_ event: UnsafePointer<epoll_event>) {
        let word = CLinux_event_word(event)
        guard word != Self.wakeUpWord else {
            CLinux_eventfd_clear(self.wakeUp)
            let bodies = self.inbox.withLock { inbox in
                defer { inbox = [] }
                return inbox ?? []
            }
            for body in bodies { body() }
            return
        }
        self.handler(word)?.ready(ReadyEvents(rawValue: event.pointee.events), tag: Self.tag(word))
    }

    // MARK: - Words

    @inline(__always)
    private static func word(_ token: HandlerToken, _ tag: UInt8) -> UInt64 {
        UInt64(token.generation) << 32 | UInt64(tag) << 24 | UInt64(token.slot)
    }

    @inline(__always)
    private static func tag(_ word: UInt64) -> UInt8 { UInt8(truncatingIfNeeded: word >> 24) }

    @inline(__always)
    private func handler(_ word: UInt64) -> (any EventHandler)? {
        let index = Int(word & 0xff_ffff)
        guard index < self.slots.count, self.slots[index].generation == UInt32(truncatingIfNeeded: word >> 32) else {
            return nil
        }
        return self.slots[index].handler
    }
}
