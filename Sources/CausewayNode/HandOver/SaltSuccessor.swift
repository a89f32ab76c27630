import CausewayBytes
import CausewayIO
import CausewayWire
import Synchronization

/// Asks the process that has taken over about salts: what a session of this one opens with may have been used there.
///
/// Only handshakes that had begun before the hand-over come here, so each may wait for its answer.
final class SaltSuccessor: Sendable {
    /// The line, which one question has at a time.
    final class Line: Sendable {
        let socket: MessageSocket
        let lock = Mutex(())

        init(_ socket: MessageSocket) {
            self.socket = socket
        }
    }

    /// Who is not answered within this time is refused.
    private static let patience = Interval.seconds(2)

    private let line: Line
    private let pool: Int

    /// - Parameter pool: the memory's place among those that were handed over.
    init(_ line: Line, pool: Int) {
        self.line = line
        self.pool = pool
    }

    /// Whether the salt is new to the other process too, which knows it from now on. One that is gone knows nothing.
    func accepts(_ salt: Salt, timestamp: UnixSeconds) -> Bool {
        self.line.lock.withLock { _ in
            do throws(SystemCallError) {
                try self.line.socket.send(SaltQuestion(pool: self.pool, salt: salt, timestamp: timestamp).bytes)
                guard let answer = try self.line.socket.receive(within: Self.patience) else { return true }
                return answer.bytes == SaltQuestion.yes
            } catch {
                return self.line.socket.descriptor.isHungUp
            }
        }
    }
}

/// A salt that may be used if nobody has used it.
struct SaltQuestion {
    static let yes: [UInt8] = [1]
    static let no: [UInt8] = [0]

    var pool: Int
    var salt: Salt
    var timestamp: UnixSeconds

    /// Six words as they are in memory.
    var bytes: [UInt8] {
        let words = [UInt64(self.pool), self.timestamp] + (0..<4).map { self.salt.words[$0] }
        return words.withUnsafeBytes { Array($0) }
    }

    init(pool: Int, salt: Salt, timestamp: UnixSeconds) {
        self.pool = pool
        self.salt = salt
        self.timestamp = timestamp
    }

    /// `nil` for bytes that are no question.
    init?(_ bytes: [UInt8]) {
        guard bytes.count == 48 else { return nil }
        let words = bytes.withUnsafeBytes { bytes in
            (0..<6).map { bytes.loadUnaligned(fromByteOffset: 8 * $0, as: UInt64.self) }
        }
        guard let pool = Int(exactly: words[0]) else { return nil }
        self.pool = pool
        self.timestamp = words[1]
        self.salt = Salt()
        for index in 0..<4 { self.salt.words[index] = words[2 + index] }
    }
}
