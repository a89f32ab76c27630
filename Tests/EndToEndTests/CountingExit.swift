import Synchronization
import TestSupport

/// Plays the exit behind a blind relay and counts what it gets and gives. What it shall do stands in the first bytes
/// behind the salt.
final class CountingExit: Sendable {
    /// What a session asks of the exit.
    struct Order {
        /// Bytes that follow the order.
        var upload: Int
        /// Bytes to answer with.
        var answer: Int
        /// Whether to reset the connection afterwards: at once, or when one more byte has come.
        var reset: Reset

        enum Reset: UInt32 {
            case never, atOnce, whenTold
        }

        static let count = 12

        var bytes: [UInt8] {
            [UInt32(self.upload), UInt32(self.answer), self.reset.rawValue].flatMap { word in
                withUnsafeBytes(of: word.bigEndian) { Array($0) }
            }
        }

        init(upload: Int, answer: Int, reset: Reset) {
            self.upload = upload
            self.answer = answer
            self.reset = reset
        }

        init(_ bytes: ArraySlice<UInt8>) {
            let words = stride(from: bytes.startIndex, to: bytes.endIndex, by: 4).map { start in
                bytes[start..<start + 4].reduce(0 as UInt32) { $0 << 8 | UInt32($1) }
            }
            self.init(upload: Int(words[0]), answer: Int(words[1]), reset: Reset(rawValue: words[2]) ?? .never)
        }
    }

    private static let saltCount = 16
    let server: LoopbackServer
    private let tally: Tally

    private final class Tally: Sendable {
        let received = Atomic<Int>(0)
        let sent = Atomic<Int>(0)
    }

    init() throws {
        let tally = Tally()
        self.tally = tally
        self.server = try LoopbackServer { try Self.serve($0, tally) }
    }

    /// Bytes that were read, over all connections, the salts included.
    var received: Int { self.tally.received.load(ordering: .sequentiallyConsistent) }

    /// Bytes that were written, or begun to be.
    var sent: Int { self.tally.sent.load(ordering: .sequentiallyConsistent) }

    private static func serve(_ connection: LoopbackSocket, _ tally: Tally) throws {
        func read(_ count: Int) -> [UInt8]? {
            var all: [UInt8] = []
            while all.count < count {
                guard case .bytes(let bytes) = connection.read(upTo: min(count - all.count, 65_536)) else { return nil }
                tally.received.add(bytes.count, ordering: .sequentiallyConsistent)
                all += bytes
            }
            return all
        }
        guard let head = read(Self.saltCount + Order.count) else { return }
        let order = Order(head[Self.saltCount...])
        guard read(order.upload) != nil else { return }
        let answer = [UInt8](repeating: 7, count: order.answer)
        tally.sent.add(answer.count, ordering: .sequentiallyConsistent)
        // The customer may be gone.
        try? connection.write(answer)
        switch order.reset {
        case .never:
            connection.finishWriting()
            _ = connection.readToEnd()
        case .atOnce: connection.reset()
        case .whenTold:
            _ = read(1)
            connection.reset()
        }
    }
}
