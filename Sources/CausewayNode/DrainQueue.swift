/// The sessions of a loop that are being drained, oldest first, so that the oldest can be given up when descriptors run
/// short.
final class DrainQueue {
    private var sessions: [Session?] = []
    private var head = 0
    /// Sessions that are being drained now.
    private(set) var count = 0

    func append(_ session: Session) {
        self.sessions.append(session)
        self.count += 1
        self.compact()
    }

    /// A drained session has ended.
    func ended() {
        self.count -= 1
        self.compact()
    }

    /// The session that has been drained longest.
    func popOldest() -> Session? {
        while self.head < self.sessions.count {
            defer {
                self.sessions[self.head] = nil
                self.head += 1
            }
            if let session = self.sessions[self.head], session.isDraining { return session }
        }
        return nil
    }

    /// Lets go of ended sessions once they are the larger part, so that a place costs constant time.
    private func compact() {
        guard self.sessions.count > 64, self.sessions.count > 4 * self.count else { return }
        self.sessions = self.sessions[self.head...].filter { $0?.isDraining ?? false }
        self.head = 0
    }
}
