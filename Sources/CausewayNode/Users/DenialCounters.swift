import CausewayCore
import Synchronization

/// How often users were refused, by reason.
final class DenialCounters: Sendable {
    private let counts = Mutex<[Denial: UInt64]>([:])

    func count(_ denial: Denial) {
        self.counts.withLock { $0[denial, default: 0] += 1 }
    }

    var all: [Denial: UInt64] { self.counts.withLock { $0 } }
}
