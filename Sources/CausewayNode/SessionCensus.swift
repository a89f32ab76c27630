import CausewayAdmin
import CausewayBytes
import CausewayCore
import CausewayIO
import Dispatch
import Synchronization

/// Asks every loop for its sessions and associations, those first that have moved most.
struct SessionCensus {
    /// Time that a loop has to answer.
    private static let patience = DispatchTimeInterval.seconds(5)

    let loops: LoopBoard
    /// Whose sessions; `nil` for everybody's.
    let user: String?
    /// How many to tell of.
    let limit: Int

    private struct Part {
        var total = 0
        var sessions: [SessionsReport.Session] = []
    }

    /// What the loops say; `nil` where one does not in time. Blocks: not on a loop's thread.
    func take() -> SessionsReport? {
        let part = Collected()
        let hasAnswered = DispatchSemaphore(value: 0)
        let (user, limit) = (self.user, self.limit)
        let count = self.loops.execute { worker in
            let answer = Self.part(of: worker, user: user, limit: limit)
            part.value.withLock {
                $0.total += answer.total
                $0.sessions += answer.sessions
            }
            hasAnswered.signal()
        }
        let deadline = DispatchTime.now() + Self.patience
        for _ in 0..<count where hasAnswered.wait(timeout: deadline) != .success { return nil }
        return part.value.withLock { part in
            let sorted = part.sessions.sorted { $0.bytesUp + $0.bytesDown > $1.bytesUp + $1.bytesDown }
            return SessionsReport(total: part.total, sessions: Array(sorted.prefix(limit)))
        }
    }

    private final class Collected: Sendable {
        let value = Mutex(Part())
    }

    /// The loop's busiest sessions, found without sorting all of them, as the loop has other work.
    private static func part(of worker: Worker, user: String?, limit: Int) -> Part {
        func forEach(_ body: (any CensusEntry) -> Void) {
            worker.loop.forEachHandler { handler in
                let entry: (any CensusEntry)? = handler as? Session ?? handler as? Association
                guard let entry else { return }
                if let user, entry.member?.sessions.account.name != user { return }
                body(entry)
            }
        }
        var counts: [UInt64] = []
        forEach { counts.append($0.byteCount) }
        var part = Part(total: counts.count)
        counts.sort(by: >)
        let least = counts.count > limit ? counts[limit] : 0
        // Those above the limit's count first, then as many at it as there is room for.
        forEach { if counts.count <= limit || $0.byteCount > least { part.sessions.append($0.told) } }
        if counts.count > limit {
            forEach { if $0.byteCount == least, part.sessions.count < limit { part.sessions.append($0.told) } }
        }
        return part
    }
}

/// A session or an association, as far as the census tells of it.
private protocol CensusEntry {
    var worker: Worker { get }
    var listener: Listener { get }
    var exit: Exit? { get }
    var member: UserSessions.Member? { get }
    var source: SocketAddress { get }
    var startedAt: Instant { get }
    var lastActivity: Instant { get }
    var bytesUp: UInt64 { get }
    var bytesDown: UInt64 { get }
    var stage: String { get }
}

extension CensusEntry {
    fileprivate var byteCount: UInt64 { self.bytesUp + self.bytesDown }

    fileprivate var told: SessionsReport.Session {
        let now = self.worker.loop.now
        return SessionsReport.Session(
            listener: self.listener.name,
            exit: self.exit?.name,
            user: self.member?.sessions.account.name,
            source: self.source.description,
            stage: self.stage,
            age: Self.seconds(now - self.startedAt),
            idle: Self.seconds(now - self.lastActivity),
            bytesUp: self.bytesUp,
            bytesDown: self.bytesDown
        )
    }

    private static func seconds(_ interval: Interval) -> UInt64 {
        UInt64(max(interval.nanoseconds, 0)) / 1_000_000_000
    }
}

extension Association: CensusEntry {
    fileprivate var stage: String { self.isAwake ? "datagrams" : "silent" }
}

extension Session: CensusEntry {
    fileprivate var bytesUp: UInt64 { self.up.byteCount }
    fileprivate var bytesDown: UInt64 { self.down.byteCount }

    fileprivate var stage: String {
        switch self.phase {
        case .proxyHeader, .front, .request, .identity: "handshake"
        case .connecting, .awaitingPayload: "connecting"
        case .relaying, .associated: "relaying"
        case .delivering, .draining, .lingering, .corrupted, .closed: "closing"
        }
    }
}
