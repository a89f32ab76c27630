/// Timers of a loop: a hierarchical wheel of six levels with 64 slots each, a tick being whatever its owner counts.
///
///     level 0   64 slots of      1 tick       due within 64 ticks
///     level 1   64 slots of     64 ticks      due within 4,096
///     …                                       …
///     level 5   64 slots of 2^30 ticks        due within 63 × 2^30
///
/// Inserting and cancelling take constant time and, once the slab has grown, no memory. A timer moves down a level when
/// its slot's turn comes; one bit a slot tells which are occupied, so that empty time is skipped.
public struct TimerWheel: ~Copyable {
    /// Names a timer until it fires or is cancelled; afterwards it names nothing.
    public struct Handle: Equatable, Sendable {
        fileprivate var index: Int32
        fileprivate var generation: UInt32

        /// No timer.
        public static var none: Handle { Handle(index: -1, generation: 0) }
    }

    private struct Timer {
        var due: UInt64 = 0
        var word: UInt64 = 0
        var next: Int32 = -1
        var previous: Int32 = -1
        var generation: UInt32 = 0
        /// Level and slot while it is queued, -1 while it is free.
        var place: Int32 = -1
    }

    private static let levelCount = 6
    /// The most ticks ahead: all slots of the last level but one, so that none can mean two turns of the wheel.
    private static let farthest = UInt64(63) << 30 - 1

    private var timers: [Timer] = []
    private var freeList: Int32 = -1
    private var heads: [Int32]
    private var occupied: [UInt64]
    private var elapsed: UInt64
    /// Timers that are queued.
    public private(set) var count = 0

    /// A wheel that stands at tick `now`.
    public init(now: UInt64) {
        self.elapsed = now
        self.heads = Array(repeating: -1, count: Self.levelCount * 64)
        self.occupied = Array(repeating: 0, count: Self.levelCount)
    }

    /// Queues a timer that gives `word` back at tick `due`, at the next tick when that is past. What lies
    /// farther ahead than the wheel reaches, 63 × 2^30 ticks, is due at its reach.
    public mutating func insert(due: UInt64, word: UInt64) -> Handle {
        let index: Int32
        if self.freeList >= 0 {
            index = self.freeList
            self.freeList = self.timers[Int(index)].next
        } else {
            index = Int32(self.timers.count)
            self.timers.append(Timer())
        }
        self.timers[Int(index)].word = word
        self.timers[Int(index)].due = min(max(due, self.elapsed + 1), self.elapsed + Self.farthest)
        self.link(index)
        self.count += 1
        return Handle(index: index, generation: self.timers[Int(index)].generation)
    }

    /// Forgets a timer; one that has fired or was cancelled is not touched.
    public mutating func cancel(_ handle: Handle) {
        guard handle.index >= 0, self.timers[Int(handle.index)].generation == handle.generation else { return }
        self.unlink(handle.index)
        self.free(handle.index)
    }

    /// The tick at which something may be due, or `nil` when nothing is queued. Never later than the first timer.
    public var next: UInt64? {
        for level in 0..<Self.levelCount {
            guard let slot = self.nextSlot(level) else { continue }
            return self.start(of: slot, level)
        }
        return nil
    }

    /// Goes on to tick `now` and returns the next timer that is due by then, or `nil` when none is left. Call it until
    /// it returns `nil`; timers may be inserted and cancelled between the calls.
    public mutating func expire(now: UInt64) -> UInt64? {
        while let tick = self.next, tick <= now {
            let (level, slot) = self.firstSlot()
            self.elapsed = max(self.elapsed, tick)
            let index = self.heads[level * 64 + slot]
            if level == 0 {
                let word = self.timers[Int(index)].word
                self.unlink(index)
                self.free(index)
                return word
            }
            self.moveDown(index, from: level, slot)
        }
        self.elapsed = max(self.elapsed, now)
        return nil
    }

    /// Spreads a slot whose turn has come over the levels below, all of it at once: a timer that stayed behind would be
    /// overtaken by later ones.
    private mutating func moveDown(_ first: Int32, from level: Int, _ slot: Int) {
        self.heads[level * 64 + slot] = -1
        self.occupied[level] &= ~(1 << UInt64(slot))
        var index = first
        while index >= 0 {
            let next = self.timers[Int(index)].next
            self.link(index)
            index = next
        }
    }

    // MARK: - Places

    private func firstSlot() -> (level: Int, slot: Int) {
        for level in 0..<Self.levelCount {
            if let slot = self.nextSlot(level) { return (level, slot) }
        }
        preconditionFailure("no slot of an occupied wheel is occupied")
    }

    /// The next occupied slot of a level, counted from where the wheel stands.
    private func nextSlot(_ level: Int) -> Int? {
        let bits = self.occupied[level]
        guard bits != 0 else { return nil }
        let here = Int(truncatingIfNeeded: self.elapsed >> UInt64(6 * level)) & 63
        let rotated = bits >> UInt64(here) | (here == 0 ? 0 : bits << UInt64(64 - here))
        return (here + rotated.trailingZeroBitCount) & 63
    }

    /// The tick at which a slot's turn comes.
    private func start(of slot: Int, _ level: Int) -> UInt64 {
        let span = UInt64(1) << UInt64(6 * level)
        let turn = span * 64
        let start = self.elapsed / turn * turn + UInt64(slot) * span
        return start + span > self.elapsed ? start : start + turn
    }

    private mutating func link(_ index: Int32) {
        let due = self.timers[Int(index)].due
        let difference = (due ^ self.elapsed) | 63
        let level = min((63 - difference.leadingZeroBitCount) / 6, Self.levelCount - 1)
        let slot = Int(truncatingIfNeeded: due >> UInt64(6 * level)) & 63
        let place = level * 64 + slot
        let head = self.heads[place]
        self.timers[Int(index)].place = Int32(place)
        self.timers[Int(index)].next = head
        self.timers[Int(index)].previous = -1
        if head >= 0 { self.timers[Int(head)].previous = index }
        self.heads[place] = index
        self.occupied[level] |= 1 << UInt64(slot)
    }

    private mutating func unlink(_ index: Int32) {
        let timer = self.timers[Int(index)]
        let place = Int(timer.place)
        if timer.previous >= 0 {
            self.timers[Int(timer.previous)].next = timer.next
        } else {
            self.heads[place] = timer.next
            if timer.next < 0 { self.occupied[place / 64] &= ~(1 << UInt64(place % 64)) }
        }
        if timer.next >= 0 { self.timers[Int(timer.next)].previous = timer.previous }
    }

    private mutating func free(_ index: Int32) {
        self.timers[Int(index)].generation &+= 1
        self.timers[Int(index)].place = -1
        self.timers[Int(index)].next = self.freeList
        self.freeList = index
        self.count -= 1
    }
}
