import Foundation

/// How long a test waits for what must happen, so that a hang becomes a failure. Never part of a verdict otherwise.
public struct Deadline: Sendable {
    private let end: ContinuousClock.Instant

    public init(seconds: Double) {
        self.end = ContinuousClock.now + .milliseconds(Int(seconds * 1000))
    }

    public var hasPassed: Bool { ContinuousClock.now >= self.end }

    /// Asks every few milliseconds until `condition` holds; false when it does not within `seconds`.
    public static func wait(_ seconds: Double, until condition: () throws -> Bool) rethrows -> Bool {
        let deadline = Deadline(seconds: seconds)
        while try !condition() {
            if deadline.hasPassed { return false }
            usleep(3000)
        }
        return true
    }
}
