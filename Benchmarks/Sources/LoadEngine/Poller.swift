import CLoad

/// A set of epoll interests, or of what is ready.
struct Interest: OptionSet, Sendable {
    let rawValue: UInt32

    static let readable = Interest(rawValue: CLOAD_READABLE)
    static let writable = Interest(rawValue: CLOAD_WRITABLE)
    /// Reported always, never asked for.
    static let broken = Interest(rawValue: CLOAD_BROKEN)
}

/// Which connection an event is for: a slot, and the generation of its use, so that an event for a closed connection
/// touches none that took its place.
struct Token: Equatable, Sendable {
    var slot: UInt32
    var generation: UInt32

    init(slot: Int, generation: UInt32) {
        self.slot = UInt32(truncatingIfNeeded: slot)
        self.generation = generation
    }

    init(word: UInt64) {
        self.slot = UInt32(truncatingIfNeeded: word)
        self.generation = UInt32(truncatingIfNeeded: word >> 32)
    }

    var word: UInt64 { UInt64(self.generation) << 32 | UInt64(self.slot) }
}

/// One epoll instance, level-triggered, of one thread. It lives as long as the program.
final class Poller {
    private let descriptor: Int32
    private var events = [CLoad_event](repeating: CLoad_event(), count: Int(CLOAD_EVENTS))

    init() throws(SystemCallError) {
        self.descriptor = try systemCall("epoll_create1") { CLoad_poller() }
    }

    func add(_ socket: Socket, for interest: Interest, token: Token) throws(SystemCallError) {
        _ = try systemCall("epoll_ctl") {
            CLoad_watch(self.descriptor, socket.descriptor, false, interest.rawValue, token.word)
        }
    }

    func change(_ socket: Socket, to interest: Interest, token: Token) throws(SystemCallError) {
        _ = try systemCall("epoll_ctl") {
            CLoad_watch(self.descriptor, socket.descriptor, true, interest.rawValue, token.word)
        }
    }

    /// Waits at most so long and hands over each event in turn.
    func wait(
        milliseconds: Int32,
        _ body: (Token, Interest) throws(SystemCallError) -> Void
    ) throws(SystemCallError) {
        let count = try systemCall("epoll_wait") {
            CLoad_wait(self.descriptor, &self.events, Int32(self.events.count), milliseconds)
        }
        for index in 0..<Int(count) {
            let event = self.events[index]
            try body(Token(word: event.token), Interest(rawValue: event.ready))
        }
    }
}
