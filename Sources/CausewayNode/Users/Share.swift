import CausewayBytes
import CausewayCore

/// What one direction may move in one turn, of what the session may and what the user's rate lets through.
struct Share {
    /// Time that a session keeps from moving after it has used up what the rate gave: half of what the clock lets pass
    /// at once, so that nothing of the rate is lost, and whoever waits for less time has a turn in between.
    private static var rest: Interval { Interval(nanoseconds: RateClock.burst.nanoseconds / 2) }

    /// Bytes that may be moved.
    var allowance: Int
    /// Bytes that were taken from the rate; what is not used of them is given back. Zero where there is no rate.
    private(set) var granted = 0
    /// When to come again, should the allowance be used up.
    private(set) var wait = Share.rest

    /// - Parameter grant: what the rate says; `nil` where nobody's rate is concerned.
    init(_ left: Int, of grant: RateClock.Grant?) {
        switch grant {
        case .unlimited, nil: self.allowance = left
        case .granted(let count):
            self.allowance = min(left, count)
            self.granted = count
        case .wait(let interval):
            self.allowance = 0
            self.wait = interval
        }
    }
}
