import CausewayBytes
import CausewayCore
import Logging
import Synchronization

/// Says what the world does wrong, at most once per cause, place and minute, with the number of times.
///
/// A prober can so fill neither the disk nor the reader's patience.
final class CauseLog: Sendable {
    /// What went wrong.
    enum Cause: String, Sendable {
        case handshakeRefused = "handshake refused"
        case notAProxyProtocol = "not a proxy protocol"
        case wrongPassword = "wrong password"
        case userRefused = "user refused"
        case userCut = "user cut off"
        case targetDenied = "target denied"
        case connectFailed = "connect failed"
        case streamCorrupt = "stream corrupt"
        case acceptPaused = "accepting paused"
        case adminRefused = "admin refused"
        case datagramRefused = "datagram refused"
        case associationEvicted = "association evicted"
        case congestion = "other congestion control"
        case drainEvicted = "drained connection evicted"
    }

    private struct Key: Hashable {
        var cause: Cause
        var detail: String
        var place: String
    }

    private struct Entry {
        var last: Instant
        var suppressed = 0
        /// Since the start.
        var total: UInt64 = 1
    }

    private static let interval = Interval.seconds(60)
    /// Keys are made of our own words and the configuration's names, so there are few; this is only a backstop.
    private static let capacity = 1024

    private let logger: Logger
    private let entries = Mutex<[Key: Entry]>([:])

    init(logger: Logger) {
        self.logger = logger
    }

    /// Logs `cause` at `place` (a listener's or exit's name) unless that was done less than a minute ago.
    ///
    /// - Parameter facts: more about this time, asked for only where it is logged.
    func note(
        _ cause: Cause,
        _ detail: String,
        at place: String,
        now: Instant,
        facts: () -> Logger.Metadata = { [:] }
    ) {
        let key = Key(cause: cause, detail: detail, place: place)
        let count: Int? = self.entries.withLock { entries in
            if var entry = entries[key] {
                entry.total += 1
                guard now - entry.last >= Self.interval else {
                    entry.suppressed += 1
                    entries[key] = entry
                    return nil
                }
                entries[key] = Entry(last: now, total: entry.total)
                return entry.suppressed + 1
            }
            guard entries.count < Self.capacity else { return nil }
            entries[key] = Entry(last: now)
            return 1
        }
        guard let count else { return }
        self.logger.notice(
            "\(cause.rawValue)",
            metadata: facts().merging(["reason": "\(detail)", "at": "\(place)", "count": "\(count)"]) { $1 }
        )
    }

    /// How often each thing went wrong since the start, in a fixed order.
    var totals: [(cause: Cause, detail: String, place: String, count: UInt64)] {
        self.entries.withLock { entries in
            entries.map { ($0.key.cause, $0.key.detail, $0.key.place, $0.value.total) }
        }.sorted { ($0.0.rawValue, $0.1, $0.2) < ($1.0.rawValue, $1.1, $1.2) }
    }

    /// Logs that a member of a group has changed its state.
    func note(_ state: Health.State, of member: GroupMember) {
        let health = member.present
        switch state {
        case .up: self.logger.notice("exit up", metadata: ["exit": "\(member.exit.name)"])
        case .down:
            let reason = health.lastFailure ?? ""
            self.logger.warning("exit down", metadata: ["exit": "\(member.exit.name)", "reason": "\(reason)"])
        case .unknown: break
        }
    }
}
