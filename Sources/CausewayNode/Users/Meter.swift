import CausewayCore

/// What one direction of a session takes out of a quota and puts on the bill.
///
/// A byte is **taken** when it comes from the source, and **billed** right before it goes to the destination: the bill
/// is in memory that outlives the process, so whatever moment the process is killed at, every byte that went out is on
/// it, and none is that did not come in. What the destination then does not take is taken off again.
///
/// Bytes that go out a second time, by another exit, count once.
struct Meter {
    /// Where the bill is written; `nil` where nobody is billed.
    private var counter: ByteCounter?
    /// Bytes that were taken from the source.
    private(set) var taken: UInt64 = 0
    /// Bytes that are billed, or will be once somebody has answered.
    private(set) var billed: UInt64 = 0
    /// What was billed before the bytes that are being written.
    private var settled: UInt64 = 0
    /// Bytes that come again, of those that were taken.
    var repeated = 0
    /// Whether the bill is written only once somebody has answered.
    private(set) var isProvisional = false

    init() {}

    /// - Parameter isProvisional: nothing is written before ``confirm()``.
    init(counter: ByteCounter, isProvisional: Bool) {
        self.counter = counter
        self.isProvisional = isProvisional
    }

    /// How many bytes may be taken within `allowance`, together with those that come again.
    func most(within allowance: Int) -> Int {
        let (sum, overflow) = allowance.addingReportingOverflow(self.repeated)
        return overflow ? Int.max : sum
    }

    /// Takes `count` bytes; how many of them are new.
    mutating func take(_ count: Int) -> Int {
        let again = min(count, self.repeated)
        self.repeated -= again
        self.taken += UInt64(count - again)
        return count - again
    }

    /// Bills up to the session's byte number `count`, right before they go out.
    mutating func bill(_ count: UInt64) {
        guard let counter = self.counter else { return }
        self.settled = self.billed
        guard count > self.billed else { return }
        if !self.isProvisional { counter.add(count - self.billed) }
        self.billed = count
    }

    /// Takes off the bill what lies behind byte number `count`, where the destination has not taken all.
    mutating func correct(_ count: UInt64) {
        guard let counter = self.counter else { return }
        let right = max(count, self.settled)
        guard self.billed > right else { return }
        if !self.isProvisional { counter.subtract(self.billed - right) }
        self.billed = right
    }

    /// Somebody has answered: what was provisional is written, and from now on everything at once.
    mutating func confirm() {
        guard self.isProvisional else { return }
        self.isProvisional = false
        self.counter?.add(self.billed)
    }

    /// Nothing is billed any more. What was counted stays to be read.
    mutating func end() {
        self.counter = nil
    }

    /// Bytes that were taken and are not on the bill.
    var unbilled: UInt64 { self.isProvisional ? self.taken : self.taken - min(self.billed, self.taken) }
}
