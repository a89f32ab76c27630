import CausewayBytes
import Logging
import Synchronization
import Testing

@testable import CausewayNode

@Suite struct CauseLogTests {
    /// Keeps what is logged.
    private final class Lines: Sendable {
        let lines = Mutex<[String]>([])
        var all: [String] { self.lines.withLock { $0 } }
    }

    private struct Handler: LogHandler {
        let lines: Lines
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.trace

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { self.metadata[key] }
            set { self.metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let facts = (event.metadata ?? [:]).map { "\($0.key)=\($0.value)" }.sorted().joined(separator: " ")
            self.lines.lines.withLock { $0.append("\(event.message) \(facts)") }
        }
    }

    private static func log() -> (CauseLog, Lines) {
        let lines = Lines()
        return (CauseLog(logger: Logger(label: "test") { _ in Handler(lines: lines) }), lines)
    }

    private static func second(_ count: Double) -> Instant { Instant(nanoseconds: UInt64(count * 1e9)) }

    @Test func `a cause is told once a minute, with how often it came`() {
        let (log, lines) = Self.log()
        for number in 0..<10_000 {
            log.note(.handshakeRefused, "replay", at: "public", now: Self.second(Double(number) / 200))
        }
        #expect(lines.all == ["handshake refused at=public count=1 reason=replay"])
        log.note(.handshakeRefused, "replay", at: "public", now: Self.second(59.999))
        #expect(lines.all.count == 1)
        log.note(.handshakeRefused, "replay", at: "public", now: Self.second(60))
        #expect(lines.all.last == "handshake refused at=public count=10001 reason=replay")
    }

    @Test func `another cause, reason or place is told apart`() {
        let (log, lines) = Self.log()
        log.note(.connectFailed, "refused", at: "a", now: Self.second(1))
        log.note(.connectFailed, "refused", at: "b", now: Self.second(1))
        log.note(.connectFailed, "timedOut", at: "a", now: Self.second(1))
        log.note(.targetDenied, "refused", at: "a", now: Self.second(1))
        #expect(lines.all.count == 4)
    }

    @Test func `a loop whose clock is behind another's tells nothing twice`() {
        let (log, lines) = Self.log()
        log.note(.connectFailed, "refused", at: "a", now: Self.second(100))
        log.note(.connectFailed, "refused", at: "a", now: Self.second(99))
        #expect(lines.all.count == 1)
    }

    @Test func `reasons without end take no memory without end`() {
        let (log, lines) = Self.log()
        for number in 0..<5000 { log.note(.connectFailed, "\(number)", at: "a", now: Self.second(1)) }
        #expect(lines.all.count == 1024)
    }
}
