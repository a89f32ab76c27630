public import CausewayBytes

/// The sessions that a server has answered a client's session in: the present one and the one before it, as a server that
/// was started anew begins another. A further one is accepted only once the one before has been silent for a minute, so
/// that nobody makes room by inventing sessions.
public struct ServerSessions: Sendable {
    /// Silence after which the older of two may go.
    static let silence = Interval.seconds(60)

    private struct Known: Sendable {
        var session: UInt64
        var window = PacketWindow()
        var last: Instant
    }

    private var present: Known?
    private var before: Known?

    public init() {}

    /// The sessions that answers are accepted in whatever else comes: two at most.
    public var sessions: [UInt64] { [self.present?.session, self.before?.session].compactMap { $0 } }

    /// Whether a packet may be opened.
    public func accepts(_ id: PacketID, now: Instant) throws(PacketRefusal) {
        if self.present?.session == id.session {
            guard self.present?.window.accepts(id.number) == true else { throw .replayed }
        } else if self.before?.session == id.session {
            guard self.before?.window.accepts(id.number) == true else { throw .replayed }
        } else if let before = self.before, now - before.last < Self.silence {
            throw .foreignSession
        }
    }

    /// Remembers a packet that was good.
    ///
    /// - Returns: the session that has made room for the packet's, if one has.
    @discardableResult
    public mutating func commit(_ id: PacketID, now: Instant) -> UInt64? {
        if self.present?.session == id.session {
            self.present?.window.commit(id.number)
            self.present?.last = now
        } else if self.before?.session == id.session {
            self.before?.window.commit(id.number)
            self.before?.last = now
        } else {
            let ended = self.before?.session
            self.before = self.present
            var known = Known(session: id.session, last: now)
            known.window.commit(id.number)
            self.present = known
            return ended
        }
        return nil
    }
}
